// One player for all play buttons of a page: the links to recordings play in place, from the second that they name.
// Without this file they open the recording in the browser's own player.
//
// Keys, on a play button and in the player: Space or Enter plays and pauses, ← and → jump, ↑ and ↓ go to the play button
// of another track, Escape closes the player.
"use strict";

{
  const JUMP = 5; // seconds
  const player = document.getElementById("player");
  const audio = document.getElementById("player-audio");
  let current = null; // address of what plays, with its second
  let opener = null; // where the focus goes back to

  const buttons = () => [...document.querySelectorAll("a.play")];
  const fileOf = (address) => address.split("#")[0];
  const startOf = (address) => Number(/#t=([\d.]+)/.exec(address)?.[1] ?? 0);

  function toggle(button) {
    if (button.href === current && !audio.error) {
      if (audio.paused) audio.play().catch(say);
      else audio.pause();
      return;
    }
    const same = current && fileOf(current) === fileOf(button.href);
    current = button.href;
    opener = button;
    announce(button);
    if (same && audio.readyState) audio.currentTime = startOf(current);
    else audio.src = current;
    player.hidden = false;
    audio.play().catch(say);
  }

  function announce({ dataset }) {
    const title = document.getElementById("player-title");
    title.textContent = dataset.title;
    title.href = dataset.page;
    document.getElementById("player-artist").textContent = dataset.artist;
  }

  // Another button was pressed before this one began: no failure.
  function say(error) {
    if (error.name === "AbortError") return;
    const words = "This recording cannot be played here.";
    document.getElementById("player-artist").textContent = words;
    document.getElementById("said").textContent = words;
    mark();
  }

  function close() {
    audio.pause();
    audio.removeAttribute("src");
    audio.load();
    current = null;
    mark();
    const back = buttons().find((one) => one === opener || one.href === opener?.href);
    player.hidden = true;
    back?.focus();
  }

  // Links that play are buttons, and say whether they do; also those that were put into the page since.
  function mark() {
    for (const button of buttons()) {
      button.setAttribute("role", "button");
      const plays = button.href === current && !audio.paused && !audio.error;
      button.setAttribute("aria-pressed", String(plays));
    }
  }

  function goTo(step) {
    const all = buttons();
    const at = all.indexOf(document.activeElement.closest?.("a.play") ?? all.find((one) => one.href === current));
    const next = all[at + step];
    if (next) next.focus();
  }

  function jump(seconds) {
    if (!current) return;
    audio.currentTime = Math.max(0, Math.min(audio.currentTime + seconds, audio.duration || Infinity));
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("a.play");
    if (!button || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    toggle(button);
  });

  document.addEventListener("keydown", (event) => {
    const button = event.target.closest?.("a.play");
    if ((!button && !player.contains(event.target)) || event.ctrlKey || event.metaKey || event.altKey) return;
    const own = event.target === audio; // it knows Space and the arrows itself
    const act = {
      Escape: close,
      ArrowUp: () => goTo(-1),
      ArrowDown: () => goTo(1),
      ...(own ? {} : { ArrowLeft: () => jump(-JUMP), ArrowRight: () => jump(JUMP) }),
      ...(button ? { " ": () => toggle(button) } : {}),
    }[event.key];
    if (!act || (event.key === "Escape" && player.hidden)) return;
    event.preventDefault();
    act();
  }, true);

  for (const name of ["play", "pause", "ended", "error"]) audio.addEventListener(name, mark);
  document.getElementById("player-close").addEventListener("click", close);
  document.addEventListener("tagkin:updated", mark); // parts of the page were put in anew
  mark();
}
