// Shows the state of the connection: the light, its words, the countdown, and what went wrong.

const kWords = {
  idle: "Not connected",
  connecting: "Connecting",
  open: "Open",
  waiting: "Reconnecting",
  closed: "Closed",
};

export class ConnectionState {
  #ui;
  #timer = 0;
  #heardAt = 0; // when the last event or comment came, in ms; a hub sends heartbeats only when it is silent

  // ui: { light, words, countdown, problem, retry, heard }: elements. words is a status region: screen readers say
  // each change of it, but not the countdown, which is beside it.
  constructor(ui) {
    this.#ui = ui;
    this.show({ state: "idle" });
    setInterval(() => this.#showHeard(), 1000);
  }

  // state: what FetchEventSource reports, or "idle".
  show({ state, reason = "", waitMs = 0 }) {
    clearInterval(this.#timer);
    this.#ui.light.dataset.state = state;
    this.#ui.words.textContent = kWords[state];
    this.#ui.countdown.textContent = "";
    this.#ui.retry.hidden = state !== "waiting";
    if (state !== "connecting") this.#showProblem(reason);
    if (state !== "open") this.#heardAt = 0;
    if (state === "waiting") this.#countDown(Date.now() + waitMs);
    this.#showHeard();
  }

  // To be called for each event and comment. Shown with the next second, however many there are.
  heard() {
    this.#heardAt = Date.now();
  }

  #countDown(until) {
    const draw = () => {
      this.#ui.countdown.textContent = ` in ${Math.max(0, Math.ceil((until - Date.now()) / 1000))} s`;
    };
    draw();
    this.#timer = setInterval(draw, 250);
  }

  #showProblem(reason) {
    this.#ui.problem.hidden = reason === "";
    this.#ui.problem.textContent = reason;
  }

  #showHeard() {
    const seconds = Math.round((Date.now() - this.#heardAt) / 1000);
    this.#ui.heard.textContent = this.#heardAt === 0 ? "" : `Last heard ${seconds} s ago`;
  }
}
