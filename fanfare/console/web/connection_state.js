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
  #heartbeat = 0; // when the last comment came, in ms

  // ui: { light, words, countdown, problem, retry, heartbeat }: elements. words is a status region: screen readers say
  // each change of it, but not the countdown, which is beside it.
  constructor(ui) {
    this.#ui = ui;
    this.show({ state: "idle" });
    setInterval(() => this.#showHeartbeat(), 1000);
  }

  // state: what FetchEventSource reports, or "idle".
  show({ state, reason = "", waitMs = 0 }) {
    clearInterval(this.#timer);
    this.#ui.light.dataset.state = state;
    this.#ui.words.textContent = kWords[state];
    this.#ui.countdown.textContent = "";
    this.#ui.retry.hidden = state !== "waiting";
    if (state !== "connecting") this.#showProblem(reason);
    if (state !== "open") this.#heartbeat = 0;
    if (state === "waiting") this.#countDown(Date.now() + waitMs);
    this.#showHeartbeat();
  }

  heartbeat() {
    this.#heartbeat = Date.now();
    this.#showHeartbeat();
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

  #showHeartbeat() {
    const seconds = Math.round((Date.now() - this.#heartbeat) / 1000);
    this.#ui.heartbeat.textContent = this.#heartbeat === 0 ? "" : `Heartbeat ${seconds} s ago`;
  }
}
