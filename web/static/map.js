// The map, moved freely: wheel, pinch, drag, buttons and keys change which part is seen; a click on a word marks its kin.
// What is marked and said comes from the server; without this file the same links and forms lead to whole pages.
"use strict";

const view = document.getElementById("view");
const svg = view.querySelector("svg");
const frame = numbers(view.dataset.frame);
const TIERS = [10, 12, 14, 17, 20, 24, 28, 34, 40]; // smallest fonts of the classes t0 to t8, px of the map
const LEGIBLE = 6; // px of the screen
const NEAREST = 16, STEP = 1.6;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

let middle = { x: 0, y: 0 }, zoom = 1; // the place in the middle, px of the map; 1 is the map's height in the view
let drawn = { x: 0, y: 0, scale: 1 }; // as it was drawn last
let flight = 0, frameAsked = 0, pending = null, resting = 0, saving = 0;
// `data-moving` is on the view from the first change until the picture rests and the address says what is seen.

function numbers(text) {
  const [left, top, width, height] = text.split(" ").map(Number);
  return { left, top, width, height };
}

function scale() {
  return (zoom * view.clientHeight) / frame.height;
}

function farthest() {
  return Math.min(1, (view.clientWidth * frame.height) / (frame.width * view.clientHeight));
}

function look(x, y, nearness) {
  zoom = Math.min(Math.max(nearness, farthest()), NEAREST);
  middle = {
    x: Math.min(Math.max(x, frame.left), frame.left + frame.width),
    y: Math.min(Math.max(y, frame.top), frame.top + frame.height),
  };
  clearTimeout(saving);
  view.dataset.moving = "";
  frameAsked ||= requestAnimationFrame(draw);
}

// While it moves, the picture as it was drawn last is only shifted and stretched, which costs nothing; it is drawn anew,
// sharp and with the words that can be read, as soon as it rests or has gone far.
function draw() {
  frameAsked = 0;
  const k = scale(), stretched = k / drawn.scale, right = (drawn.x - middle.x) * k, down = (drawn.y - middle.y) * k;
  if (stretched > 1.7 || stretched < 0.6 || Math.hypot(right, down) > 1500) return settle();
  svg.style.transform = `translate(${right}px, ${down}px) scale(${stretched})`;
  clearTimeout(resting);
  resting = setTimeout(settle, 120);
}

function settle() {
  clearTimeout(resting);
  const k = scale(), width = view.clientWidth / k, height = view.clientHeight / k;
  drawn = { ...middle, scale: k };
  svg.style.transform = "";
  svg.setAttribute("viewBox", `${middle.x - width / 2} ${middle.y - height / 2} ${width} ${height}`);
  const tier = TIERS.filter((size) => size * k < LEGIBLE).length;
  svg.setAttribute("class", svg.getAttribute("class").replace(/from-\d/, `from-${tier}`));
  for (const word of svg.querySelectorAll("#marks text, .title")) {
    const size = Number((word.dataset.size ||= word.getAttribute("font-size")));
    word.setAttribute("font-size", word.matches(".large") ? Math.min(size, 24 / k) : Math.max(size, (word.matches(".title") ? 7 : 9) / k));
  }
  for (const button of document.querySelectorAll(".map-zoom button")) {
    button.disabled = button.dataset.zoom === "Nearer" ? zoom >= NEAREST : zoom <= farthest() + 0.001;
  }
  clearTimeout(saving);
  view.dataset.moving = "";
  saving = setTimeout(remember, 300);
}

function remember() {
  const address = new URL(location.href);
  address.searchParams.set("zoom", Math.max(zoom, 1).toFixed(1).replace(/\.0$/, ""));
  address.searchParams.set("at", `${Math.round(middle.x)},${Math.round(middle.y)}`);
  history.replaceState(null, "", address.href.replace("%2C", ","));
  delete view.dataset.moving;
}

// Zoom about a place on the screen, which stays where it is.
function zoomAt(factor, clientX, clientY) {
  const box = view.getBoundingClientRect();
  const right = clientX - box.left - box.width / 2, down = clientY - box.top - box.height / 2;
  const before = scale(), wanted = Math.min(Math.max(zoom * factor, farthest()), NEAREST);
  const after = (before * wanted) / zoom;
  look(middle.x + right / before - right / after, middle.y + down / before - down / after, wanted);
}

function zoomBy(factor) {
  fly(middle.x, middle.y, zoom * factor, 160);
}

function moveBy(right, down) {
  look(middle.x + right / scale(), middle.y + down / scale(), zoom);
}

function showAll() {
  fly(frame.left + frame.width / 2, frame.top + frame.height / 2, farthest(), 300);
}

function fly(x, y, nearness, duration) {
  cancelAnimationFrame(flight);
  if (calm.matches || !duration) return look(x, y, nearness);
  const from = { ...middle, zoom }, begin = performance.now();
  const step = (now) => {
    const t = Math.min(Math.max((now - begin) / duration, 0), 1), eased = 1 - (1 - t) ** 3;
    look(from.x + (x - from.x) * eased, from.y + (y - from.y) * eased, from.zoom * (nearness / from.zoom) ** eased);
    if (t < 1) flight = requestAnimationFrame(step);
  };
  flight = requestAnimationFrame(step);
}

// The part of the view, px of the screen, that no panel covers.
function freeWidth() {
  const panel = document.getElementById("answer");
  const covers = !panel.hidden && getComputedStyle(panel).position === "absolute";
  return covers ? panel.offsetLeft : view.clientWidth;
}

function flyTo(focus, duration = 420) {
  const free = freeWidth(), fits = Math.min(free / focus.width, view.clientHeight / focus.height) / (view.clientHeight / frame.height);
  // Kin are words of any size: close enough to read the smallest, even where a small screen then shows few of them.
  const legible = document.querySelector("#marks .near") ? (0.85 * frame.height) / view.clientHeight : 0;
  const nearness = Math.min(Math.max(fits, legible, farthest()), NEAREST);
  const covered = (view.clientWidth - free) / 2 / ((nearness * view.clientHeight) / frame.height);
  fly(focus.left + focus.width / 2 + covered, focus.top + focus.height / 2, nearness, duration);
}

// Dragging and pinching. A press that does not move is a click.
const fingers = new Map();
let dragged = false;

view.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  cancelAnimationFrame(flight);
  dragged = fingers.size > 0;
  fingers.set(event.pointerId, { x: event.clientX, y: event.clientY, begun: { x: event.clientX, y: event.clientY } });
});

view.addEventListener("pointermove", (event) => {
  const finger = fingers.get(event.pointerId);
  if (!finger) return;
  if (!dragged && Math.hypot(event.clientX - finger.begun.x, event.clientY - finger.begun.y) < 5) return;
  if (!dragged) view.classList.add("dragged");
  dragged = true;
  view.setPointerCapture(event.pointerId);
  const before = spread();
  const moved = { x: event.clientX - finger.x, y: event.clientY - finger.y };
  Object.assign(finger, { x: event.clientX, y: event.clientY });
  const after = spread();
  moveBy(-moved.x / fingers.size, -moved.y / fingers.size);
  if (before.length && after.length) zoomAt(after.length / before.length, after.x, after.y);
});

function spread() {
  const [a, b] = fingers.values();
  return b ? { length: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 } : { length: 0 };
}

for (const end of ["pointerup", "pointercancel"]) {
  view.addEventListener(end, (event) => {
    fingers.delete(event.pointerId);
    if (!fingers.size) view.classList.remove("dragged");
  });
}
// A word is for the pointer alone: pressing it leaves the focus where it is.
view.addEventListener("mousedown", (event) => event.target.closest("a") && event.preventDefault());
view.addEventListener("dragstart", (event) => event.preventDefault());

// Somebody on the way down or up the page is not stopped by a map that comes below the pointer.
let scrolled = -Infinity;
addEventListener("scroll", () => (scrolled = performance.now()), { passive: true });

view.addEventListener("wheel", (event) => {
  const nearer = event.deltaY < 0;
  if (performance.now() - scrolled < 300) return;
  if (nearer ? zoom >= NEAREST : zoom <= farthest()) return; // nothing further here: the page scrolls on
  event.preventDefault();
  cancelAnimationFrame(flight);
  const pixels = event.deltaMode ? event.deltaY * 20 : event.deltaY;
  zoomAt(Math.exp(-Math.min(Math.max(pixels, -240), 240) / 400), event.clientX, event.clientY);
}, { passive: false });

const KEYS = {
  ArrowLeft: () => moveBy(-80, 0), ArrowRight: () => moveBy(80, 0), ArrowUp: () => moveBy(0, -80), ArrowDown: () => moveBy(0, 80),
  "+": () => zoomBy(STEP), "=": () => zoomBy(STEP), "-": () => zoomBy(1 / STEP), 0: showAll,
};

view.addEventListener("keydown", (event) => {
  if (!(event.key in KEYS) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  KEYS[event.key]();
});

// Asking: what the server says of an address is put beside the map, and its marks onto it.
async function ask(address, { remembered = true, instead = false, flying = true, focusing = false } = {}) {
  const asked = new URL(address, location.href);
  asked.searchParams.set("part", "answer");
  pending?.abort();
  pending = new AbortController();
  try {
    const reply = await fetch(asked, { signal: pending.signal });
    if (!reply.ok) throw new Error(String(reply.status));
    const part = new DOMParser().parseFromString(await reply.text(), "text/html");
    clearTimeout(saving);
    if (instead) history.replaceState(null, "", address);
    else if (remembered) history.pushState(null, "", address);
    show(part, flying);
  } catch (error) {
    if (error.name !== "AbortError") location.assign(address); // the server's own page says what is wrong
    return;
  }
  if (focusing) {
    const title = document.querySelector("#answer h2") || view;
    title.tabIndex = title === view ? 0 : -1;
    title.focus({ preventScroll: true });
  }
}

function show(part, flying) {
  const marks = part.getElementById("marks"), community = marks.dataset.community;
  document.getElementById("answer").replaceWith(document.adoptNode(part.getElementById("answer")));
  document.getElementById("marks").replaceWith(document.adoptNode(marks));
  svg.classList.toggle("marked", marks.childElementCount > 0);
  uncoverMarks();
  svg.classList.toggle("chosen", community !== undefined);
  svg.querySelectorAll(".island").forEach((island, number) => island.classList.toggle("chosen", String(number) === community));
  const title = document.querySelector("#answer h2")?.textContent;
  document.title = title ? `${title} · Map of tags · tagkin` : "Map of tags · tagkin";
  document.getElementById("said").textContent = document.getElementById("answer").hidden ? "The whole map" : saidOf();
  fill(new URL(location.href).searchParams);
  settle();
  if (!flying || flyBack()) return;
  if (marks.dataset.focus) flyTo(numbers(marks.dataset.focus));
  else if (!title) showAll();
}

// What is marked is written by its mark alone: at another size both would be seen.
function uncoverMarks() {
  const marked = new Set([...document.querySelectorAll("#marks a")].map((link) => link.getAttribute("href")));
  for (const link of svg.querySelectorAll(".island a")) link.classList.toggle("marked", marked.has(link.getAttribute("href")));
}

// The part that the address names, when it names one.
function flyBack(duration = 420) {
  const address = new URL(location.href).searchParams;
  const [x, y] = (address.get("at") || "").split(",").map(Number);
  if (y === undefined) return false;
  fly(x, y, Number(address.get("zoom") || 1), duration);
  return true;
}

function fill(address) {
  const values = { find: address.get("find"), from: address.get("from") || address.get("find"), to: address.get("to") };
  for (const [id, value] of Object.entries(values)) {
    const box = document.getElementById(id);
    if (box !== document.activeElement) box.value = value || "";
  }
}

function saidOf() {
  return [...document.querySelectorAll("#answer h2, #answer h3, #answer > p:not(.map-actions, .map-close)")].map((one) => one.textContent.trim()).join(". ");
}

function plain(event) {
  return !event.button && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
}

view.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (dragged) event.preventDefault();
  if (!link || dragged || !plain(event)) return;
  event.preventDefault();
  const address = new URL(link.getAttribute("href"), location.href), name = address.searchParams.get("name");
  if (name === null) return ask(address.href);
  ask(`${location.pathname}?${new URLSearchParams({ find: name })}`, { flying: false }).then(() => uncover(event.clientX));
});

// Slide what was clicked out from below the panel that says what it is.
function uncover(clientX) {
  const covered = clientX - view.getBoundingClientRect().left - freeWidth() + 80;
  if (covered > 0) fly(middle.x + covered / scale(), middle.y, zoom, 300);
}

document.getElementById("main").addEventListener("click", (event) => {
  const link = event.target.closest("#answer a, .communities a");
  if (!link || link.pathname !== location.pathname || !plain(event)) return;
  event.preventDefault();
  if (link.closest(".communities")) view.scrollIntoView({ block: "center", behavior: calm.matches ? "auto" : "smooth" });
  ask(link.href, { focusing: true });
});

for (const form of document.querySelectorAll(".map-form")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(typing);
    const asked = new URLSearchParams(new FormData(form)), shown = new URL(location.href).searchParams;
    // What is shown already, as it was typed or by a second Enter, is no step of its own.
    ask(`${location.pathname}?${asked}`, { instead: [...asked].every(([name, value]) => shown.get(name) === value) });
  });
  form.addEventListener("focusin", offerTags, { once: true });
}

const words = new Map([...document.querySelectorAll(".communities .map-words a")].map((link) => [link.textContent.toLowerCase(), link.textContent]));

function offerTags() {
  const list = document.getElementById("map-tags");
  if (list.childElementCount) return;
  list.append(...[...words.values()].map((word) => new Option(word)));
}

// Found as it is typed: as soon as it is the whole of a tag, before Enter.
let typing = 0;
document.getElementById("find").addEventListener("input", (event) => {
  clearTimeout(typing);
  const meant = words.get(event.target.value.trim().toLowerCase());
  if (meant) typing = setTimeout(() => ask(`${location.pathname}?${new URLSearchParams({ find: meant })}`), 300);
});

addEventListener("popstate", () => ask(location.href, { remembered: false }));

for (const link of document.querySelectorAll(".map-zoom a")) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: link.className, ariaLabel: link.ariaLabel });
  button.dataset.zoom = link.dataset.zoom;
  button.replaceChildren(...link.childNodes);
  button.addEventListener("click", { Nearer: () => zoomBy(STEP), Farther: () => zoomBy(1 / STEP), "All of it": showAll }[link.dataset.zoom]);
  link.replaceWith(button);
}

view.dataset.moving = "";
const seen = svg.viewBox.baseVal;
zoom = frame.width / seen.width;
middle = { x: seen.x + seen.width / 2, y: seen.y + seen.height / 2 };
document.documentElement.classList.add("live");
svg.classList.add("exact");
view.tabIndex = 0;
uncoverMarks();
const asked = document.getElementById("marks").dataset.focus;
if (!flyBack(0) && asked) flyTo(numbers(asked), 0);
new ResizeObserver(settle).observe(view);
