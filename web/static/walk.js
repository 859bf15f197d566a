// Walking from tag to tag: the page that a tag leads to is fetched and put in place, and tags that stay glide to where
// they now belong. Without this file the same links open the same pages.
"use strict";

const main = document.getElementById("main");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let pending = null;
let shown = location.pathname + location.search;

async function walk(address, remember, focusing) {
  pending?.abort();
  pending = new AbortController();
  main.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { signal: pending.signal });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (remember) history.pushState(null, "", address);
    shown = location.pathname + location.search;
    put(page, focusing);
    main.removeAttribute("aria-busy");
  } catch (error) {
    if (error.name !== "AbortError") location.assign(address); // the server's own page says what is wrong
  }
}

function put(page, focusing) {
  const before = places();
  document.title = page.title;
  main.replaceChildren(...document.adoptNode(page.getElementById("main")).childNodes);
  prepare();
  glide(before);
  if (focusing === "picture") stops()[0]?.focus({ preventScroll: true });
  else if (focusing) document.getElementById("tag")?.focus();
  const around = document.querySelector(".section-head p")?.textContent || "";
  document.getElementById("said").textContent = `${document.title}. ${around}`;
}

function pills() {
  return [...document.querySelectorAll("#walk a")];
}

function nameOf(pill) {
  return new URL(pill.getAttribute("href"), location.href).searchParams.get("name");
}

function places() {
  return new Map(pills().map((pill) => [nameOf(pill), pill.getBoundingClientRect()]));
}

// Each tag that was there before comes from where it was; a new one appears.
function glide(before) {
  if (calm.matches || !before.size) return;
  for (const pill of pills()) {
    const from = before.get(nameOf(pill)), to = pill.getBoundingClientRect();
    const scale = pill.getScreenCTM().a;
    const moved = from && [from.left + from.width / 2 - to.left - to.width / 2, from.top + from.height / 2 - to.top - to.height / 2];
    const begin = moved ? { transform: `translate(${moved[0] / scale}px, ${moved[1] / scale}px)` } : { opacity: 0 };
    pill.animate([begin, moved ? { transform: "none" } : { opacity: 1 }], { duration: 450, easing: "cubic-bezier(.2, .7, .2, 1)" });
  }
  for (const line of document.querySelectorAll("#walk svg > path")) {
    line.animate([{ opacity: 0 }, { opacity: 0, offset: 0.6 }, {}], { duration: 600 });
  }
}

// The picture is one stop of the Tab key; arrows go on from there.
function prepare() {
  const walkway = document.getElementById("walk"), svg = walkway?.querySelector("svg");
  if (!svg) return;
  svg.removeAttribute("aria-hidden");
  svg.setAttribute("role", "group");
  svg.setAttribute("aria-label", walkway.dataset.label);
  const here = svg.querySelector(".asked")?.closest("a");
  here?.setAttribute("aria-current", "page");
  here?.setAttribute("tabindex", "0");
  if (walkway.scrollWidth > walkway.clientWidth && here) {
    const box = here.getBoundingClientRect(), frame = walkway.getBoundingClientRect();
    walkway.scrollLeft += box.left + box.width / 2 - frame.left - frame.width / 2;
  }
}

function stops() {
  return pills().filter((pill) => pill.getAttribute("tabindex") === "0");
}

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// The nearest tag in a direction; what lies far off the line counts as further away.
function next(pill, [right, down]) {
  const at = middle(pill);
  const ahead = pills().flatMap((other) => {
    const to = middle(other), along = (to.x - at.x) * right + (to.y - at.y) * down;
    const off = Math.abs((to.x - at.x) * down) + Math.abs((to.y - at.y) * right);
    return along > 4 ? [{ other, far: along + 2 * off }] : [];
  });
  return ahead.sort((a, b) => a.far - b.far)[0]?.other;
}

function middle(pill) {
  const box = pill.getBoundingClientRect();
  return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
}

main.addEventListener("keydown", (event) => {
  const pill = event.target.closest("#walk a");
  if (!pill || !(event.key in WAYS) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const other = next(pill, WAYS[event.key]);
  if (!other) return;
  pill.setAttribute("tabindex", "-1");
  other.setAttribute("tabindex", "0");
  other.focus();
});

main.addEventListener("click", (event) => {
  const link = event.target.closest("#walk a, .kin-name, .related a");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  walk(new URL(link.getAttribute("href"), location.href).href, true, link.closest("#walk") ? "picture" : "title");
});

main.addEventListener("submit", (event) => {
  const form = event.target.closest(".wishes");
  if (!form) return;
  event.preventDefault();
  walk(`${form.action}?${new URLSearchParams(new FormData(form))}`, true, "picture");
});

// A jump within the page is told as a step in the history, too.
addEventListener("popstate", () => {
  if (location.pathname + location.search !== shown) walk(location.href, false, "");
});
prepare();
