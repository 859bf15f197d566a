// The dial of similar tracks without a reload: the page that its form leads to is fetched, and its list put in place.
// Without this file the form works by itself.
"use strict";

const dial = document.getElementById("dial");
let pending = null;

async function turn() {
  pending?.abort();
  pending = new AbortController();
  const address = `${dial.form.action.split("#")[0]}?${new URLSearchParams(new FormData(dial.form))}`;
  try {
    const answer = await fetch(address, { signal: pending.signal });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.getElementById("alike").replaceChildren(...document.adoptNode(page.getElementById("alike")).childNodes);
    history.replaceState(null, "", address);
    document.dispatchEvent(new Event("tagkin:updated"));
    document.getElementById("said").textContent = `${document.querySelectorAll("#alike .hit").length} similar tracks`;
  } catch (error) {
    if (error.name !== "AbortError") location.assign(address); // the server's own page says what is wrong
  }
}

dial.addEventListener("change", turn);
dial.addEventListener("input", () => {
  document.getElementById("dial-now").textContent = Number(dial.value).toFixed(2);
});
document.documentElement.classList.add("live");
