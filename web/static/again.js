// While the index is away its page asks again by itself: less and less often, and only while somebody looks at it. What
// somebody is typing is never reloaded over. Without this file “Try again” does the same.
"use strict";

const LONGEST = 60; // seconds between two questions
const note = document.getElementById("again");
let seconds = Number(note.dataset.seconds);

function isTyped() {
  const box = document.getElementById("q");
  return box.value !== box.defaultValue;
}

async function isBack() {
  try {
    // 503: still away; beyond 400 by ever so little: the server itself wants peace.
    return (await fetch(location.href, { method: "HEAD", cache: "no-store" })).status < 429;
  } catch {
    return false; // nor is the network there
  }
}

async function ask() {
  if (!document.hidden && await isBack()) {
    if (!isTyped()) location.reload();
    else note.textContent = document.getElementById("said").textContent = "The index answers again.";
    return;
  }
  seconds = Math.min(seconds * 1.5, LONGEST);
  setTimeout(ask, seconds * 1000);
}

note.textContent = "This page tries by itself as well, every little while.";
setTimeout(ask, seconds * 1000);
