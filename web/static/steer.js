// Steering without a reload: the page that a link or the dial leads to is fetched, and its main part put in place.
// The server renders it all; without this file the same links and the same form work by themselves.
"use strict";

// Links that change the search and stay on its page.
const STEERING = ".steering a, .sorts a, .facets a, .hits .out, .notes a, .rescue a";

const main = document.getElementById("main");
let pending = null;
let shown = location.pathname + location.search;
let steps = Promise.resolve(); // one after the other: each link leads on from what the one before it brought
let turns = 0;
let turning = false;
let turned = false; // whether the dial was the last that steered

// Whether it came: another step may have been taken before.
async function go(address, remember, instead = false) {
  pending?.abort();
  pending = new AbortController();
  main.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { signal: pending.signal });
    if (!answer.ok) throw new Error(String(answer.status));
    show(await answer.text());
    if (instead) history.replaceState(null, "", address);
    else if (remember) history.pushState(null, "", address);
    shown = location.pathname + location.search;
    main.removeAttribute("aria-busy");
    return true;
  } catch (error) {
    if (error.name !== "AbortError") location.assign(address); // the server's own page says what is wrong
    return false;
  }
}

function show(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const place = controls().indexOf(document.activeElement);
  const name = nameOf(document.activeElement);
  const typing = typedMeanwhile();
  const open = new Set([...main.querySelectorAll("details[data-keep][open]")].map((one) => one.dataset.keep));
  document.title = page.title;
  main.replaceChildren(...document.adoptNode(page.getElementById("main")).childNodes);
  for (const one of main.querySelectorAll("details[data-keep]")) one.open = open.has(one.dataset.keep);
  document.dispatchEvent(new Event("tagkin:updated"));
  const again = controls().find((one) => name && nameOf(one) === name) || controls()[place];
  if (typing) takeUp(typing);
  else (again || document.getElementById("tracks"))?.focus({ preventScroll: true });
  document.getElementById("said").textContent = document.title;
}

// Who went on to type the next search while this one was on its way keeps text and caret.
function typedMeanwhile() {
  const box = document.getElementById("q");
  if (document.activeElement !== box) return null;
  return { changed: box.value !== box.defaultValue, value: box.value, caret: [box.selectionStart, box.selectionEnd] };
}

function takeUp({ changed, value, caret }) {
  const box = document.getElementById("q");
  if (changed) box.value = value;
  box.focus({ preventScroll: true });
  box.setSelectionRange(...caret);
}

// What steers, in order: after an update the focus goes to the same chip, or to the one that took its place.
function controls() {
  return [...main.querySelectorAll(`${STEERING}, .steering input, .steering summary`)];
}

function nameOf(element) {
  return element?.id || element?.ariaLabel?.replace(/^Switch (on|off)/, "Switch") || element?.textContent.trim() || "";
}

// Who clicks twice before the first answer is there means both: the second click goes to the same control in it.
function follow(link) {
  const name = nameOf(link);
  steps = steps.then(() => {
    const now = link.isConnected ? link : controls().find((one) => name && nameOf(one) === name);
    turned = false;
    return now && go(now.href, true);
  });
}

// Only where the dial comes to rest is searched; turns one after the other are one step in the history.
function turn(drift) {
  const mine = (turns += 1);
  if (turning) pending.abort();
  steps = steps.then(async () => {
    if (mine !== turns) return;
    const form = document.getElementById("search");
    const state = new URLSearchParams(new FormData(form));
    state.set("drift", drift);
    turning = true;
    if (await go(`${form.action}?${state}`, true, turned)) turned = true;
    turning = false;
  });
}

main.addEventListener("click", (event) => {
  const link = event.target.closest(STEERING);
  if (!link || link.pathname !== location.pathname || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  follow(link);
});

main.addEventListener("change", (event) => {
  if (event.target.id === "dial") turn(event.target.value);
});

main.addEventListener("input", (event) => {
  if (event.target.id === "dial") {
    document.querySelector("#dial-says .num").textContent = Number(event.target.value).toFixed(2);
  }
});

// A link to a place in the page is told as a step in the history, too.
addEventListener("popstate", () => {
  turned = false;
  if (location.pathname + location.search !== shown) go(location.href, false);
});
document.documentElement.classList.add("live");
