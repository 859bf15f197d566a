// “Sounds like this” without reloads: the slider, the filter and the numbers of tracks put their answer in place, and
// names of tracks are completed. The server renders it all; without this file the same forms and links work.
"use strict";

{
  const main = document.getElementById("main");
  const PAUSE = 200; // milliseconds after the last key
  let pending = null;
  let waiting = 0;
  let shown = location.pathname + location.search;

  async function go(address, remember) {
    pending?.abort();
    pending = new AbortController();
    main.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(address, { signal: pending.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!page.getElementById("alike")) throw new Error("another page");
      document.getElementById("alike").replaceChildren(...document.adoptNode(page.getElementById("alike")).childNodes);
      document.title = page.title;
      if (remember) history.replaceState(null, "", address);
      shown = location.pathname + location.search;
      keepState();
      document.dispatchEvent(new Event("tagkin:updated"));
      document.getElementById("said").textContent = document.getElementById("alike-tracks").textContent;
      main.removeAttribute("aria-busy");
    } catch (error) {
      if (error.name !== "AbortError") location.assign(address); // the server's own page says what is wrong
    }
  }

  // What the other links and forms of the page lead on from is how it is looked for now.
  function keepState() {
    const now = new URLSearchParams(location.search);
    for (const link of main.querySelectorAll(".refs a[href^='?']")) {
      const state = new URLSearchParams(link.getAttribute("href"));
      for (const name of ["mix", "q", "k"]) {
        if (now.has(name)) state.set(name, now.get(name));
        else state.delete(name);
      }
      link.setAttribute("href", `?${state}`);
    }
    for (const form of main.querySelectorAll(".by-name, #hear-form")) {
      for (const name of ["mix", "q", "k"]) {
        form.querySelector(`input[type=hidden][name=${name}]`)?.remove();
        if (!now.has(name)) continue;
        const field = Object.assign(document.createElement("input"), { type: "hidden", name, value: now.get(name) });
        form.append(field);
      }
    }
  }

  function find(form) {
    const state = new URLSearchParams(new FormData(form));
    if (!state.get("q")) state.delete("q");
    const k = new URLSearchParams(location.search).get("k");
    if (k) state.set("k", k);
    go(`${form.action}?${state}`, true);
  }

  main.addEventListener("change", (event) => {
    const form = event.target.closest("#alike-form");
    if (form) find(form);
  });
  main.addEventListener("submit", (event) => {
    if (event.target.id !== "alike-form") return;
    event.preventDefault();
    find(event.target);
  });
  main.addEventListener("click", (event) => {
    const link = event.target.closest("#alike .sorts a");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(link.href, true);
  });
  addEventListener("popstate", () => {
    if (location.pathname + location.search !== shown) location.reload();
  });

  // A list of names below the box; what is chosen of it is found by its title and artist.
  // Where there is no room for another reference there is no box.
  const box = document.getElementById("name");
  const names = document.getElementById("names");
  box?.addEventListener("input", () => {
    clearTimeout(waiting);
    if ([...names.options].some((one) => one.value === box.value)) return void box.form.requestSubmit(); // chosen
    const typed = box.value.trim();
    if (typed.length < 2) return;
    waiting = setTimeout(async () => {
      const answer = await fetch(`${box.dataset.names}?${new URLSearchParams({ name: typed })}`);
      if (!answer.ok || box.value.trim() !== typed) return;
      const { tracks } = await answer.json();
      names.replaceChildren(...tracks.map(({ label }) => Object.assign(document.createElement("option"), { value: label })));
    }, PAUSE);
  });
  document.documentElement.classList.add("live");
}
