// Recordings that are sent to be heard: a file is dropped or chosen and sent at once, and where the browser allows the
// microphone the page records by itself. Without this file the form's own fields do the same.
"use strict";

{
  const LONGEST = 60; // seconds; ten are enough
  const REFUSALS = {
    NotFoundError: "No microphone was found.",
    NotReadableError: "The microphone cannot be started: perhaps another program uses it.",
    NotAllowedError: "The microphone was not allowed. The browser’s settings for this page can allow it again.",
  };
  const KINDS = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
  const form = document.getElementById("hear-form");
  const file = document.getElementById("hear-file");
  const button = document.getElementById("hear-record");
  const says = document.getElementById("hear-record-says");
  const time = document.getElementById("hear-time");
  const level = document.getElementById("hear-level");
  let recorder = null;
  let asking = false; // whether the microphone may be used; a second press meanwhile would start a second recorder

  function say(words) {
    document.getElementById("said").textContent = words;
  }

  // Sends what a field holds, and nothing that another one still holds from before: back by the back button it does.
  function send(field) {
    for (const other of form.querySelectorAll('input[type="file"]')) {
      if (other !== field) other.value = "";
    }
    const submit = document.getElementById("hear-send");
    form.setAttribute("aria-busy", "true");
    submit.textContent = "Listening…";
    say("Listening…");
    form.requestSubmit(submit);
  }

  // What was typed on the page meanwhile goes along.
  form.addEventListener("submit", () => {
    for (const { name, value } of document.querySelectorAll("#tags-form #tags, #tags-state input")) {
      form.querySelector(`input[type="hidden"][name="${name}"]`)?.remove();
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    }
  });

  // Puts a file into a field, as if somebody had chosen it there.
  function put(field, chosen) {
    const held = new DataTransfer();
    held.items.add(chosen);
    field.files = held.files;
  }

  // The field for what the page recorded itself; it is never seen.
  function ownField() {
    const field = form.elements.recorded ?? Object.assign(document.createElement("input"), { type: "file", name: "recorded", hidden: true });
    form.append(field);
    return field;
  }

  async function record() {
    let stream;
    asking = true;
    try {
      // What a microphone does for voices would take the music apart.
      stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
    } catch (error) {
      refuse(REFUSALS[error.name] ?? REFUSALS.NotAllowedError);
      return;
    } finally {
      asking = false;
    }
    const chunks = [];
    const mimeType = KINDS.find((one) => MediaRecorder.isTypeSupported(one));
    recorder = new MediaRecorder(stream, mimeType ? { mimeType } : {});
    recorder.addEventListener("dataavailable", ({ data }) => chunks.push(data));
    recorder.addEventListener("stop", () => {
      for (const track of stream.getTracks()) track.stop();
      show(false);
      const field = ownField();
      put(field, new File(chunks, "recorded", { type: recorder.mimeType }));
      recorder = null;
      send(field);
    });
    recorder.start();
    show(true);
    watch(stream, recorder);
  }

  function show(recording) {
    says.textContent = recording ? "Stop and listen" : "Record";
    button.classList.toggle("recording", recording);
    time.hidden = level.hidden = !recording;
    if (recording) say("Recording");
  }

  // Shows how long and how loud it is, until it ends or is long enough.
  function watch(stream, running) {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const begun = performance.now();
    const tick = () => {
      if (running.state !== "recording") return void context.close();
      const seconds = Math.floor((performance.now() - begun) / 1000);
      time.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      analyser.getFloatTimeDomainData(samples);
      level.value = Math.min(1, 2 * Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length));
      if (seconds >= LONGEST) running.stop();
      else setTimeout(tick, 100);
    };
    tick();
  }

  function refuse(words) {
    const problem = document.createElement("p");
    problem.className = "hear-problem";
    problem.role = "alert";
    problem.textContent = words;
    form.querySelector(".hear-problem")?.remove();
    form.prepend(problem);
  }

  button.addEventListener("click", () => {
    if (recorder) recorder.stop();
    else if (!asking) record();
  });
  for (const field of [file, document.getElementById("hear-captured")]) {
    field.addEventListener("change", () => field.files.length && send(field));
  }

  const drop = form;
  drop.addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    drop.classList.add("over");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    drop.classList.remove("over");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    put(file, event.dataTransfer.files[0]);
    send(file);
  });

  // Back from the answer by the back button: the form is as it was.
  addEventListener("pageshow", () => {
    form.removeAttribute("aria-busy");
    document.getElementById("hear-send").textContent = "Listen";
  });

  const able = window.isSecureContext && navigator.mediaDevices && window.MediaRecorder;
  form.querySelector(".hear-record").hidden = !able;
  form.querySelector(".hear-capture").hidden = Boolean(able);
  document.getElementById("hear-insecure").hidden = window.isSecureContext;
  form.classList.add("drops");
}
