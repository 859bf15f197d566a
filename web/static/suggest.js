// Suggestions while typing, and by key. The server renders every state as an address; this file fetches that page and
// puts its parts in place. Without it the same links and the same form work by themselves.
"use strict";

const main = document.getElementById("main");
const form = document.getElementById("tags-form");
const box = document.getElementById("tags");
const many = document.getElementById("tags-many");
const late = document.getElementById("tags-late"); // said while the server does not answer
const PAUSE = 250; // milliseconds after the last key
const LONGEST = 4000; // characters that an address takes
const TOO_MUCH = [400, 414]; // statuses of what is no one track's list
const LATER = 5; // seconds after which a server that did not answer is asked again
const undone = []; // addresses to go back to, latest last
let pending = null;
let waiting = 0;
let acting = 0; // links on their way
let answered = box.defaultValue; // what stood in the box when the shown page was asked for
let listed = box.defaultValue; // the same tags as the server wrote them
let shown = location.pathname + location.search;
let steps = Promise.resolve(); // one after the other: each link leads on from what the one before it brought

async function go(address, { remember = true, typing = false, keeps = false, says = "" } = {}) {
  const sent = box.value;
  pending?.abort();
  pending = new AbortController();
  try {
    const answer = await fetch(address, { signal: pending.signal });
    if (!answer.ok) {
      if (typing && TOO_MUCH.includes(answer.status)) { many.hidden = false; return; }
      if (typing) return later(1000 * (Number(answer.headers.get("Retry-After")) || LATER));
      throw new Error(String(answer.status));
    }
    show(new DOMParser().parseFromString(await answer.text(), "text/html"), typing ? sent : null, keeps, says);
    if (typing) history.replaceState(null, "", address);
    else if (remember) history.pushState(null, "", address);
    shown = location.pathname + location.search;
  } catch (error) {
    if (error.name === "AbortError") return;
    if (typing) later(1000 * LATER); // nobody is taken away from what they type
    else location.assign(address); // the server's own page says what is wrong
  }
}

// `sent` is what was typed, null for a link; `keeps` says whether what was typed since the last answer stays.
function show(page, sent, keeps, says) {
  const live = document.getElementById("suggest-live");
  const focused = live.contains(document.activeElement) ? document.activeElement : null;
  const place = offers().indexOf(focused?.closest(".offer"));
  const height = offers()[place]?.getBoundingClientRect().top;
  const name = nameOf(focused);
  const opened = live.querySelector(".reach-help")?.open;
  document.title = page.title;
  for (const id of ["suggest-live", "tags-state"]) {
    document.getElementById(id).replaceChildren(...document.adoptNode(page.getElementById(id)).childNodes);
  }
  document.querySelector(".ask-top").className = page.querySelector(".ask-top").className;
  fill(page.getElementById("tags").value, sent, keeps);
  if (opened) live.querySelector(".reach-help")?.setAttribute("open", "");
  many.hidden = late.hidden = true;
  arm();
  if (focused) refocus(place, name, height);
  document.getElementById("said").textContent = `${says}${document.title.replace(/ · tagkin$/, "")}`;
}

// What a link changes and what was typed while it was on its way are both meant.
function fill(now, sent, keeps) {
  const before = listed;
  const typed = sent === null && keeps && box.value !== answered;
  listed = now;
  answered = sent ?? now;
  if (typed) merge(before, now);
  else if (sent === null) box.value = now;
}

// Does to the text in the box what a link did to the list; what is new comes before the word that is being typed.
function merge(before, now) {
  const [had, has] = [before, now].map((text) => pieces(text).map((piece) => piece.tag));
  let text = box.value, caret = box.selectionStart;
  for (const tag of had.filter((one) => !has.includes(one))) {
    const gone = pieces(text).find((piece) => piece.tag === tag);
    if (!gone) continue;
    const end = gone.end + /^[,;|\t\n]?\s*/.exec(text.slice(gone.end))[0].length;
    text = text.slice(0, gone.begin) + text.slice(end);
    caret -= Math.max(0, Math.min(caret, end) - gone.begin);
  }
  const come = has.filter((one) => !had.includes(one) && !pieces(text).some((piece) => piece.tag === one));
  const at = Math.max(...[",", ";", "|", "\t", "\n"].map((one) => text.slice(0, caret).lastIndexOf(one))) + 1;
  const more = come.map((tag) => (at ? ` ${tag},` : `${tag}, `)).join("");
  box.value = text.slice(0, at) + more + text.slice(at);
  box.setSelectionRange(caret + more.length, caret + more.length);
}

function pieces(text) {
  return [...text.matchAll(/\s*("(?:[^"]|"")*"|[^,;|\t\n]+)/g)].map((found) => ({ begin: found.index, end: found.index + found[0].length, tag: found[1].trim() }));
}

// The focus stays at its place in the list, on the control of its name elsewhere, else on the heading.
// A row stays at its height, whatever grew above it, so that the next tap meets what is seen.
function refocus(place, name, height) {
  const rows = offers();
  const row = place < 0 ? null : rows[Math.min(place, rows.length - 1)];
  const same = name && [...main.querySelectorAll("#suggest-live a, #suggest-live button")].find((one) => nameOf(one) === name);
  (row?.querySelector(".accept") || same || document.getElementById("suggestions"))?.focus({ preventScroll: Boolean(row || same) });
  if (row) scrollBy(0, row.getBoundingClientRect().top - height);
}

function nameOf(element) {
  return element?.getAttribute("aria-label") || element?.id || element?.textContent.trim() || "";
}

function offers() {
  return [...main.querySelectorAll(".offer")];
}

// What only works with this file is shown by it; what copies is copy.js's.
function arm() {
  const keys = document.getElementById("keys");
  if (keys) keys.hidden = false;
  const undo = document.getElementById("undo");
  if (undo) undo.hidden = !undone.length;
  document.dispatchEvent(new Event("tagkin:updated"));
}

// Who takes two before the first answer is there means both: the second goes to the same control in it.
function act(link) {
  link.focus({ preventScroll: true }); // not every browser focuses what is tapped
  const name = nameOf(link);
  step(() => {
    const now = link.isConnected ? link : [...main.querySelectorAll("#suggest-live a")].find((one) => nameOf(one) === name);
    if (!now) return;
    undone.push(location.href);
    return go(now.href, { keeps: true, says: `${saying(now)}. ` });
  });
}

function step(work) {
  acting += 1;
  steps = steps.then(work).finally(() => {
    acting -= 1;
    if (!acting && box.value !== answered) later();
  });
}

function saying(link) {
  if (link.classList.contains("accept")) return `Added ${link.closest(".offer").querySelector("h3").textContent}`;
  if (link.classList.contains("reject")) return `Turned down ${link.closest(".offer").querySelector("h3").textContent}`;
  return nameOf(link);
}

function undo() {
  step(() => undone.length && go(undone.pop(), { keeps: true, says: "Undone. " }));
}

// Whether a text is too long for one track, or begins with the names of columns; the server looks closer.
function isTable(text) {
  const [header, row] = text.trim().split("\n", 2);
  const named = header.split(/[,;\t|]/).some((cell) => /^\W*(tags?|keywords?|moods?|genres?|styles?)\W*$/i.test(cell));
  return text.length > LONGEST || (named && /[,;\t|]/.test(row ?? ""));
}

box?.addEventListener("input", () => {
  clearTimeout(waiting);
  many.hidden = !isTable(box.value);
  if (!many.hidden) return;
  later();
});

function later(pause = PAUSE) {
  clearTimeout(waiting);
  late.hidden = pause === PAUSE;
  waiting = setTimeout(ask, pause);
}

// Typing does not overtake a link: its answer is merged with what was typed, and that is then asked for.
function ask() {
  if (acting || isTable(box.value)) return;
  const state = new URLSearchParams({ tags: box.value });
  for (const one of document.querySelectorAll("#tags-state input")) state.set(one.name, one.value);
  go(`${form.dataset.live}?${state}`, { typing: true });
}

main.addEventListener("click", (event) => {
  if (event.target.closest("#undo")) return undo();
  const link = event.target.closest("#suggest-live a");
  if (!link || link.pathname !== location.pathname || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if (link.hash && link.search === location.search) return; // a jump within the page
  event.preventDefault();
  act(link);
});

// Letters act only while the focus is in the list, so that they never get in the way of typing or of a screen reader.
main.addEventListener("keydown", (event) => {
  const row = event.target.closest(".offer");
  const inside = row || event.target.closest("#suggest-live a, #suggest-live button, #suggestions");
  if (!inside || event.ctrlKey || event.metaKey || event.altKey) return;
  const rows = offers();
  const at = rows.indexOf(row);
  const to = { ArrowDown: at + 1, ArrowUp: Math.max(at - 1, 0), Home: 0, End: rows.length - 1 }[event.key];
  const key = event.key.toLowerCase();
  if (key === "u") undo();
  else if (row && to !== undefined) (rows[to] ?? row).querySelector(".accept").focus();
  else if (row && key === "a") act(row.querySelector(".accept"));
  else if (row && (key === "x" || event.key === "Delete")) act(row.querySelector(".reject"));
  else return;
  event.preventDefault();
});

// A jump within the page is told as a step in the history, too.
addEventListener("popstate", () => {
  if (location.pathname + location.search === shown) return;
  undone.length = 0;
  go(location.href, { remember: false });
});
document.documentElement.classList.add("live");
arm();
