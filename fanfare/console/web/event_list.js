// The list of what arrived, newest first: bounded, filtered, paused, drawn once per frame however fast events come.

import { eventRow, markerRow, toggle } from "./event_row.js";

const kRowsMax = 500; // older ones are dropped

export class EventList {
  #ui;
  #rows = []; // oldest first: { element, text }
  #waiting = []; // not drawn yet: functions that make a row
  #received = 0;
  #paused = false;
  #expands = false;
  #filter = "";
  #frame = 0;
  #current = null; // the one line in the tab order; arrow keys move it

  // ui: { list, summary, empty, pause, clear, expand, filter }: elements.
  constructor(ui) {
    this.#ui = ui;
    ui.pause.addEventListener("click", () => this.#pause(!this.#paused));
    ui.clear.addEventListener("click", () => this.#clear());
    ui.expand.addEventListener("click", () => this.#expandAll(!this.#expands));
    ui.filter.addEventListener("input", () => this.#applyFilter(ui.filter.value));
    ui.list.addEventListener("keydown", (event) => this.#moveBy(event));
    ui.list.addEventListener("focusin", (event) => {
      if (event.target.matches(".event-head")) this.#makeCurrent(event.target);
    });
    this.#summarize();
  }

  // event: as eventRow() takes it.
  add(event, selectors) {
    this.#received++;
    const text = `${event.topic}\n${event.type}\n${event.id}\n${event.data}`.toLowerCase();
    this.#queue(() => ({ element: eventRow(event, selectors), text }));
  }

  // Tells what happened to the stream, between the events.
  mark(text, kind) {
    const at = new Date();
    this.#queue(() => ({ element: markerRow(text, kind, at), text: text.toLowerCase() }));
  }

  #queue(make) {
    this.#waiting.push(make);
    if (this.#waiting.length > kRowsMax) this.#waiting.shift();
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    if (!this.#paused && this.#waiting.length > 0) {
      const rows = this.#waiting.map((make) => make());
      this.#waiting = [];
      for (const row of rows) this.#prepare(row);
      this.#ui.list.prepend(...rows.map((row) => row.element).reverse());
      this.#rows.push(...rows);
      for (const old of this.#rows.splice(0, Math.max(0, this.#rows.length - kRowsMax))) old.element.remove();
      this.#keepOneCurrent();
    }
    this.#summarize();
  }

  #prepare(row) {
    row.element.hidden = !row.text.includes(this.#filter);
    if (this.#expands && row.element.matches(".event")) toggle(row.element, true);
  }

  #summarize() {
    const hidden = this.#rows.filter((row) => row.element.hidden).length;
    const count = `${this.#received} ${this.#received === 1 ? "event" : "events"}`;
    const notes = [];
    if (this.#received > kRowsMax) notes.push(`the last ${kRowsMax} kept`);
    if (hidden > 0) notes.push(`${hidden} hidden by the filter`);
    this.#ui.summary.textContent = [count, ...notes].join(", ");
    this.#ui.empty.hidden = this.#rows.length > 0;
    const waits = this.#paused && this.#waiting.length > 0 ? ` (${this.#waiting.length} new)` : "";
    this.#ui.pause.textContent = this.#paused ? `Resume${waits}` : "Pause";
  }

  #pause(paused) {
    this.#paused = paused;
    this.#ui.list.classList.toggle("paused", paused);
    this.#draw();
  }

  #clear() {
    this.#rows = [];
    this.#waiting = [];
    this.#received = 0;
    this.#current = null;
    this.#ui.list.replaceChildren();
    this.#summarize();
  }

  #expandAll(expands) {
    this.#expands = expands;
    this.#ui.expand.setAttribute("aria-pressed", String(expands));
    for (const { element } of this.#rows) {
      if (element.matches(".event")) toggle(element, expands);
    }
  }

  #applyFilter(text) {
    this.#filter = text.trim().toLowerCase();
    for (const row of this.#rows) row.element.hidden = !row.text.includes(this.#filter);
    this.#keepOneCurrent();
    this.#summarize();
  }

  #heads() {
    return [...this.#ui.list.querySelectorAll(".event:not([hidden]) > .event-head")];
  }

  #makeCurrent(head) {
    if (this.#current) this.#current.tabIndex = -1;
    this.#current = head;
    if (head) head.tabIndex = 0;
  }

  // The newest line, unless somebody is in the list.
  #keepOneCurrent() {
    if (this.#current?.isConnected && this.#ui.list.contains(document.activeElement)) return;
    this.#makeCurrent(this.#ui.list.querySelector(".event:not([hidden]) > .event-head"));
  }

  #moveBy(event) {
    if (!event.target.matches(".event-head")) return;
    const heads = this.#heads();
    const at = heads.indexOf(event.target);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: heads.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    heads[Math.max(0, Math.min(to, heads.length - 1))].focus();
  }
}
