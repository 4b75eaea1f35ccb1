// Reads text/event-stream (WHATWG HTML 9.2.6) as it arrives, in pieces of any size, with linear cost.
// What it is not: it holds no connection (event_source.js) and touches no page.
//
// Unlike the browser's EventSource it shows events of every type, and the comments.

export class EventStreamParser {
  #on;
  #decoder = new TextDecoder(); // drops one byte order mark; invalid UTF-8 becomes U+FFFD
  #line = []; // pieces of the line that has not ended yet
  #afterCr = false; // the last line ended in CR: a LF that follows belongs to it
  #type = "";
  #data = [];
  #idBuffer;

  // What a reconnecting client sends as Last-Event-ID.
  lastEventId;

  // on: { event({type, data, id}), comment(text), retry(milliseconds) }. lastEventId: what the last connection left.
  constructor(on, lastEventId = "") {
    this.#on = on;
    this.lastEventId = lastEventId;
    this.#idBuffer = lastEventId;
  }

  feed(bytes) {
    let text = this.#decoder.decode(bytes, { stream: true });
    if (text === "") return;
    if (this.#afterCr && text[0] === "\n") text = text.slice(1);
    this.#afterCr = text === "" ? false : text.endsWith("\r");
    const lines = text.split(/\r\n|\r|\n/);
    const unfinished = lines.pop();
    for (const end of lines) {
      this.#line.push(end);
      this.#readLine(this.#line.join(""));
      this.#line = [];
    }
    if (unfinished !== "") this.#line.push(unfinished);
  }

  #readLine(line) {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return this.#on.comment(line.slice(1));
    if (colon === -1) return this.#readField(line, "");
    const value = line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    this.#readField(line.slice(0, colon), value);
  }

  #readField(name, value) {
    if (name === "data") this.#data.push(value);
    else if (name === "event") this.#type = value;
    else if (name === "id" && !value.includes("\0")) this.#idBuffer = value;
    else if (name === "retry" && /^[0-9]+$/.test(value)) this.#on.retry(Number(value));
  }

  #dispatch() {
    this.lastEventId = this.#idBuffer;
    const event = { type: this.#type || "message", data: this.#data.join("\n"), id: this.lastEventId };
    const empty = this.#data.length === 0;
    this.#type = "";
    this.#data = [];
    if (!empty) this.#on.event(event);
  }
}
