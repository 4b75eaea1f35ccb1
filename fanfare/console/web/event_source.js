// An EventSource over fetch(): it connects, reconnects and resumes as WHATWG HTML 9.2 says, and shows what the
// browser's own hides: events of every type, comments, an Authorization header, why a connection failed, and whether
// the server could resume after the last event id or has lost part of the history.
//
// What it is not: it touches no page. One departure from the standard: 429 and 503 with a Retry-After header are
// tried again, because the server asks for it. Every other refusal is final.

import { EventStreamParser } from "./event_stream.js";

const kReconnectionMs = 2000; // until the server sends `retry`
const kBackOffMsMax = 30000;

// Header values are bytes: UTF-8 for event ids, one character per byte for fetch().
const toHeader = (text) => String.fromCharCode(...new TextEncoder().encode(text));
const fromHeader = (value) => new TextDecoder().decode(Uint8Array.from(value, (c) => c.charCodeAt(0)));

// What the Last-Event-ID response header says about the id that we sent (Mercure, "Reconciliation").
function continuity(sent, answered) {
  if (sent === "" || sent === "earliest") return "fresh";
  if (answered === null) return "unknown";
  return fromHeader(answered) === sent ? "resumed" : "gap";
}

// What a refusal's body says: the detail of a problem (RFC 9457), else the text itself.
function sentenceOf(type, body) {
  if (type !== "application/problem+json") return body;
  try {
    const { detail } = JSON.parse(body);
    return typeof detail === "string" ? detail : body;
  } catch {
    return body;
  }
}

export class FetchEventSource {
  #url;
  #on;
  #token;
  #abort = new AbortController();
  #endWait = () => {};
  #failures = 0; // attempts in a row that did not open
  #state = "connecting";
  #reconnectionMs = kReconnectionMs;
  lastEventId;

  // Connects at once. token: "" for none. lastEventId: "" for new events only, "earliest" for all that is stored.
  // on: { event({type, data, id}), comment(text), state({state, ...}) }, where state is
  //   "connecting"
  //   "open"     with continuity: "fresh" | "resumed" | "gap" | "unknown", and lastEventId: what was asked for
  //   "waiting"  to reconnect, with reason and waitMs
  //   "closed"   for good, with reason; nothing follows. Not called by close().
  constructor(url, { token = "", lastEventId = "", on }) {
    this.#url = url;
    this.#token = token;
    this.#on = on;
    this.lastEventId = lastEventId;
    this.#run();
  }

  // Final: no callback follows.
  close() {
    this.#state = "closed";
    this.#abort.abort();
    this.#endWait();
  }

  // Ends the wait between two attempts.
  reconnectNow() {
    this.#endWait();
  }

  async #run() {
    while (this.#state !== "closed") {
      this.#enter("connecting");
      const end = await this.#attempt();
      if (this.#state === "closed") return;
      if (end.final) return this.#enter("closed", { reason: end.reason });
      const waitMs = Math.max(end.retryAfterMs ?? 0, this.#backOffMs());
      this.#failures++;
      this.#enter("waiting", { reason: end.reason, waitMs });
      await this.#wait(waitMs);
    }
  }

  #enter(state, more = {}) {
    this.#state = state;
    this.#on.state({ state, ...more });
  }

  #backOffMs() {
    const longest = Math.max(kBackOffMsMax, this.#reconnectionMs);
    return Math.min(this.#reconnectionMs * 2 ** Math.min(this.#failures, 10), longest);
  }

  #wait(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endWait = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  // One request, to its end. Returns why it ended: { reason, final, retryAfterMs }.
  async #attempt() {
    const sent = this.lastEventId;
    try {
      const response = await this.#request(sent);
      const refusal = await this.#refusal(response);
      if (this.#state === "closed") return {};
      if (refusal) return refusal;
      this.#failures = 0;
      const answered = response.headers.get("Last-Event-ID");
      this.#enter("open", { continuity: continuity(sent, answered), lastEventId: sent });
      await this.#read(response.body.getReader());
      return { reason: "The server ended the stream." };
    } catch {
      return { reason: this.#state === "open" ? "The connection broke." : "The server cannot be reached." };
    }
  }

  #request(lastEventId) {
    const headers = { Accept: "text/event-stream" };
    if (lastEventId !== "") headers["Last-Event-ID"] = toHeader(lastEventId);
    if (this.#token !== "") headers.Authorization = `Bearer ${toHeader(this.#token)}`;
    return fetch(this.#url, { headers, cache: "no-store", signal: this.#abort.signal });
  }

  async #refusal(response) {
    const type = (response.headers.get("Content-Type") ?? "").split(";")[0].trim().toLowerCase();
    if (response.status === 200 && type === "text/event-stream") return null;
    if (response.status === 204) return { final: true, reason: "The server asked not to reconnect (204)." };
    if (response.status === 200) {
      this.#abort.abort();
      return { final: true, reason: `The answer is no event stream but ${type || "of no type"}.` };
    }
    const text = sentenceOf(type, (await response.text()).trim()).slice(0, 500);
    const reason = `${response.status} ${response.statusText}`.trim() + (text ? `: ${text}` : "");
    const seconds = Number(response.headers.get("Retry-After") ?? NaN);
    const again = (response.status === 429 || response.status === 503) && seconds >= 0;
    return again ? { reason, retryAfterMs: seconds * 1000 } : { final: true, reason };
  }

  async #read(reader) {
    const parser = new EventStreamParser(
      {
        event: (event) => this.#state === "open" && this.#on.event(event),
        comment: (text) => this.#state === "open" && this.#on.comment(text),
        retry: (ms) => (this.#reconnectionMs = ms),
      },
      this.lastEventId === "earliest" ? "" : this.lastEventId,
    );
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      parser.feed(value);
      if (parser.lastEventId !== "" || this.lastEventId !== "earliest") this.lastEventId = parser.lastEventId;
    }
  }
}
