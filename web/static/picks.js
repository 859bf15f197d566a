// Picks are kept in this browser and nowhere else: ticked boxes, their number in the navigation, the same in every tab.
// Without this file the boxes are a form that leads to the same page.
"use strict";

{
  const KEY = "tagkin.picks";
  const MOST = 200;
  const link = document.getElementById("picks-link");
  const page = document.getElementById("picks-page");
  const listed = page && [...page.querySelectorAll("input[name=id]")].map((input) => input.value);
  const came = page && idsOf(location);
  let memory = []; // what is picked where nothing may be stored: it lasts as long as the page
  let blocked = false;

  function idsOf(address) {
    return [...new Set(new URLSearchParams(address.search).getAll("id"))].filter(Boolean);
  }

  function read() {
    if (blocked) return memory;
    try {
      const stored = JSON.parse(localStorage.getItem(KEY) ?? "[]");
      return Array.isArray(stored) ? [...new Set(stored)].filter((id) => id && typeof id === "string").slice(0, MOST) : [];
    } catch (error) {
      blocked = !(error instanceof SyntaxError); // somebody else's text under our name is no picks
      return memory;
    }
  }

  function write(ids) {
    memory = ids.slice(0, MOST);
    try {
      localStorage.setItem(KEY, JSON.stringify(memory));
    } catch {
      blocked = true;
    }
    show();
  }

  const same = (one, other) => one.length === other.length && one.every((id, at) => id === other[at]);

  function addressOf(ids) {
    return ids.length ? `${link.pathname}?${new URLSearchParams(ids.map((id) => ["id", id]))}` : link.pathname;
  }

  function show() {
    const ids = read();
    const picked = new Set(ids);
    for (const box of document.querySelectorAll("input.pick")) box.checked = picked.has(box.value);
    document.getElementById("picks-count").textContent = ids.length ? ` ${ids.length}` : "";
    link.href = addressOf(ids);
    if (!page) return;
    document.getElementById("picks-foreign").hidden = !listed.length || listed.every((id) => picked.has(id));
    document.getElementById("picks-own").hidden = !ids.length;
    document.getElementById("picks-own").href = link.href;
  }

  function say(words) {
    document.getElementById("said").textContent = words;
  }

  document.addEventListener("change", ({ target }) => {
    if (!target.matches?.("input.pick")) return;
    const others = read().filter((id) => id !== target.value);
    if (target.checked && others.length >= MOST) {
      target.checked = false;
      say(`${MOST} tracks are picked, and that is the most`);
      return;
    }
    write(target.checked ? [...others, target.value] : others);
    const n = read().length;
    say(`${target.checked ? "Picked" : "No longer picked"}, ${n} ${n === 1 ? "pick" : "picks"} in all`);
  });

  // The form of a page of hits knows the boxes of that page only.
  document.addEventListener("submit", (event) => {
    // Not by its id: fields of the name would stand in for that.
    if (event.target !== document.getElementById("picks")) return;
    event.preventDefault();
    location.assign(addressOf(read()));
  });

  // What is taken off one's own list, or put back, is so in the browser, too.
  function keepInStep() {
    if (!came.length && !location.search && read().length) location.replace(addressOf(read()));
    if (page.dataset.cut !== "0" && same(came, read())) write(listed);
    document.getElementById("picks-undo")?.addEventListener("click", (event) => {
      if (same(listed, read())) write(idsOf(event.target));
    });
    document.getElementById("picks-keep").addEventListener("click", () => {
      write([...new Set([...read(), ...listed])]);
      say("Added to your picks");
    });
  }

  if (page) keepInStep();
  show();
  document.addEventListener("tagkin:updated", show);
  // Another tab picked something: one's own list follows, somebody else's stays.
  const own = page && same(listed, read());
  addEventListener("storage", (event) => {
    if (event.key !== KEY && event.key !== null) return;
    if (own) location.replace(addressOf(read()));
    else show();
  });
  addEventListener("pageshow", show); // also a page that came back by the back button
}
