// Completion of tags while somebody types, in every box that says where to ask: data-complete="/api/v1/tags".
// - as it is: a search; the words before the caret are completed, signs and quotes are respected;
// - with data-separator=",": a list of tags; the one at the caret is completed.
// Without this file the boxes are ordinary boxes. Enter is left alone unless an option has been chosen by arrow.
"use strict";

{
  const DELAY = 80; // ms of silence before asking
  const OPTIONS = 8;
  const LONGEST = 60; // characters; no tag that anybody would complete is longer
  const WORDS = 3; // of a tag of several words, bare in a search
  const KEPT = 100; // answers remembered, so that going back a letter asks nothing

  const styles = document.createElement("link");
  styles.rel = "stylesheet";
  styles.href = new URL("complete.css", document.currentScript.src);
  document.head.append(styles);

  const answers = new Map();
  let boxes = 0;

  // Where what is being typed begins and ends, and the ways to read it, longest first: [{ prefix, start, end }].
  function readSearch(text, caret) {
    const before = text.slice(0, caret);
    const quotes = before.split('"').length - 1;
    if (quotes % 2) {
      const start = before.lastIndexOf('"');
      const close = text.indexOf('"', caret);
      return [{ prefix: before.slice(start + 1), start, end: close < 0 ? text.length : close + 1 }];
    }
    // Bare words: each more word before the caret is another way, up to a sign, an OR, a filter or a weight.
    const run = before.match(/(?:[^\s,;()":^]+ )*[^\s,;()":^]+$/u)?.[0].split(" ") ?? [];
    const end = caret + text.slice(caret).match(/^[^\s,;()":^]*/u)[0].length;
    const ways = [];
    for (let n = 1; n <= Math.min(run.length, WORDS); n += 1) {
      const words = run.slice(-n).join(" ");
      const start = caret - words.length;
      if (!/(?:^|[\s,;(])$/u.test(text.slice(0, start)) || run.at(-n) === "OR") break;
      const sign = /^[-+−–—]/u.test(words) ? 1 : 0;
      if (words.length > sign) ways.unshift({ prefix: words.slice(sign), start: start + sign, end });
      if (sign) break;
    }
    return ways;
  }

  function readList(text, caret) {
    const start = text.slice(0, caret).search(/[^,;\t\n|#]*$/u);
    const lead = text.slice(start, caret).match(/^\s*/u)[0].length;
    const end = caret + text.slice(caret).match(/^[^,;\t\n|#]*/u)[0].length;
    return [{ prefix: text.slice(start + lead, caret), start: start + lead, end }];
  }

  // As the server writes a tag into a search: in quotes unless it is one plain word.
  function quoted(spelling) {
    const plain = /^[\p{L}\p{N}]+(?:[-'&./+]+[\p{L}\p{N}]+)*$/u.test(spelling) && !/^(?:OR|AND|NOT)$/.test(spelling);
    return plain ? spelling : `"${spelling.replaceAll('"', '""')}"`;
  }

  async function ask(address, prefix, signal) {
    const url = `${address}?${new URLSearchParams({ prefix, k: OPTIONS })}`;
    if (!answers.has(url)) {
      const answer = await fetch(url, { signal });
      if (!answer.ok) return [];
      answers.set(url, (await answer.json()).tags);
      if (answers.size > KEPT) answers.delete(answers.keys().next().value);
    }
    return answers.get(url);
  }

  class Completion {
    constructor(box) {
      this.box = box;
      this.separator = box.dataset.separator; // none in a search
      this.options = [];
      this.active = -1;
      this.list = this.makeList();
      const handlers = { input: this.typed, keydown: this.key, blur: this.close, compositionend: this.typed };
      for (const [name, handler] of Object.entries(handlers)) box.addEventListener(name, handler.bind(this));
      box.form?.addEventListener("submit", () => this.close());
    }

    makeList() {
      const { box } = this;
      const list = document.createElement("ul");
      list.className = "completions";
      list.id = `completions-${boxes += 1}`;
      list.role = "listbox";
      list.ariaLabel = "Tags";
      list.hidden = true;
      // The focus stays in the box: a press on an option is no blur.
      list.addEventListener("pointerdown", (event) => event.preventDefault());
      list.addEventListener("click", (event) => {
        const option = event.target.closest("[role=option]");
        if (option) this.choose([...list.children].indexOf(option));
      });
      box.after(list);
      box.parentElement.classList.add("completes");
      // A text of several lines cannot be a combobox; it says the same in the words that it may use.
      if (box.tagName === "INPUT") {
        box.role = "combobox";
        box.ariaExpanded = "false";
      } else box.ariaHasPopup = "listbox";
      box.ariaAutoComplete = "list";
      box.autocomplete = "off";
      box.setAttribute("aria-controls", list.id);
      return list;
    }

    typed(event) {
      if (event.isComposing || event.detail === "completed") return;
      this.stop();
      this.activate(-1);
      this.list.ariaBusy = "true";
      this.timer = setTimeout(() => this.look(), DELAY);
    }

    stop() {
      clearTimeout(this.timer);
      this.pending?.abort();
      this.pending = null;
      this.wanted = null;
    }

    ways() {
      const { value, selectionStart: caret, selectionEnd } = this.box;
      if (caret !== selectionEnd) return [];
      return this.separator ? readList(value, caret) : readSearch(value, caret);
    }

    async look() {
      this.stop();
      const ways = this.ways().filter(({ prefix }) => prefix.trim() && prefix.length <= LONGEST);
      const asked = (this.pending = new AbortController());
      try {
        const found = await Promise.all(ways.map(({ prefix }) => ask(this.box.dataset.complete, prefix, asked.signal)));
        if (this.pending === asked && document.activeElement === this.box) this.show(ways, found);
      } catch (error) {
        if (error.name !== "AbortError") this.close(); // completion is a comfort: without it people type on
      }
    }

    show(ways, found) {
      const seen = new Set();
      this.options = ways
        .flatMap((way, at) => found[at].map((tag) => ({ ...way, ...tag })))
        .filter(({ tag_id: id }) => !seen.has(id) && seen.add(id))
        .slice(0, OPTIONS);
      if (!this.options.length) return this.close();
      this.list.replaceChildren(...this.options.map((option, at) => this.draw(option, at)));
      this.read = this.box.value;
      const { wanted } = this;
      this.wanted = null;
      this.activate(!wanted ? -1 : wanted.step > 0 ? 0 : this.options.length - 1);
      if (wanted?.taken) return this.choose(this.active);
      this.place();
      this.list.hidden = false;
      this.list.ariaBusy = "false";
      if (this.box.role === "combobox") this.box.ariaExpanded = "true";
      this.say(this.options.length === 1 ? "1 tag" : `${this.options.length} tags`);
    }

    draw({ prefix, spelling, n_tracks: tracks, kin }, at) {
      const option = document.createElement("li");
      option.role = "option";
      option.id = `${this.list.id}-${at}`;
      const part = (name, ...content) => {
        const span = document.createElement("span");
        span.className = name;
        span.append(...content);
        return span;
      };
      // What was typed stands at the beginning of the tag or of a later word; another name of the tag is not in it.
      const place = ` ${spelling.toLowerCase()}`.indexOf(` ${prefix.trim().toLowerCase()}`);
      const [from, to] = place < 0 ? [0, 0] : [place, place + prefix.trim().length];
      const mark = document.createElement("b");
      mark.append(spelling.slice(from, to));
      option.append(
        part("completion-tag", spelling.slice(0, from), mark, spelling.slice(to)),
        part("completion-count num", tracks.toLocaleString("en"), part("visually-hidden", tracks === 1 ? " track" : " tracks")),
      );
      if (kin.length) option.append(part("completion-kin", `kin: ${kin.slice(0, 3).join(", ")}`));
      return option;
    }

    // Below the box; set through the object model, which a strict policy allows.
    place() {
      const { offsetLeft, offsetTop, offsetWidth, offsetHeight } = this.box;
      Object.assign(this.list.style, {
        left: `${offsetLeft}px`,
        top: `${offsetTop + offsetHeight + 4}px`,
        width: `${offsetWidth}px`,
      });
    }

    key(event) {
      if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
      const open = !this.list.hidden;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const taking = (event.key === "Enter" || event.key === "Tab") && !event.shiftKey;
      if (step && open && this.box.value !== this.read) {
        // Faster than the answer: what is meant is the first, or last, of the options to come.
        event.preventDefault();
        this.look();
        this.wanted = { step, taken: false };
      } else if (taking && this.wanted) {
        event.preventDefault();
        this.wanted.taken = true;
      } else if (step && open) {
        event.preventDefault();
        const places = this.options.length + 1; // one of them is the box itself
        this.activate(((this.active + 1 + step + places) % places) - 1);
      } else if (step === 1 && !this.separator) {
        this.look();
      } else if (event.key === "Escape" && open) {
        event.preventDefault();
        this.close();
      } else if (taking && open && this.active >= 0) {
        event.preventDefault();
        this.choose(this.active);
      } else if (event.key === "Enter") this.close();
    }

    activate(at) {
      this.active = at;
      for (const [place, option] of [...this.list.children].entries()) option.ariaSelected = String(place === at);
      if (at < 0) return this.box.removeAttribute("aria-activedescendant");
      this.box.setAttribute("aria-activedescendant", this.list.children[at].id);
      this.list.children[at].scrollIntoView({ block: "nearest" });
    }

    choose(at) {
      const { box, separator } = this;
      if (box.value !== this.read) return; // typed on since: what is listed is about to change
      const { spelling, start, end } = this.options[at];
      const rest = box.value.slice(end);
      const gap = separator ? (rest ? "" : `${separator} `) : /^\s/u.test(rest) ? "" : " ";
      box.setRangeText((separator ? spelling : quoted(spelling)) + gap, start, end, "end");
      this.close();
      this.say(`${spelling} taken`);
      box.dispatchEvent(new CustomEvent("input", { bubbles: true, detail: "completed" }));
    }

    close() {
      this.stop();
      this.list.hidden = true;
      this.list.ariaBusy = "false";
      this.options = [];
      this.active = -1;
      if (this.box.role === "combobox") this.box.ariaExpanded = "false";
      this.box.removeAttribute("aria-activedescendant");
    }

    say(words) {
      const said = document.getElementById("said");
      if (said) said.textContent = words;
    }
  }

  function attach() {
    for (const box of document.querySelectorAll("[data-complete]")) {
      if (!box.getAttribute("aria-controls")) new Completion(box);
    }
  }

  attach();
  document.addEventListener("tagkin:updated", attach);
}
