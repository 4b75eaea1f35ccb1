// Browsers open at most six connections to one server over HTTP/1.1, in all tabs together, and every stream keeps one.
// What comes seventh waits, and nobody says why: so this does, where the page came over HTTP/1.1.
// It counts the streams of consoles, which tell each other of theirs; of streams that other pages hold it sees only
// that its own does not open.

const kConnectionsMax = 6;
const kPatienceMs = 3000; // a stream that has not opened by then waits for something

// Of the page; what the browser does not tell is HTTP/1.1 unless there is TLS.
function isHttp1() {
  const protocol = performance.getEntriesByType("navigation")[0]?.nextHopProtocol ?? "";
  return protocol === "" ? location.protocol === "http:" : protocol.startsWith("http/1");
}

export class ConnectionLimit {
  #ui;
  #channel = null;
  #id = Math.random().toString(36); // among the consoles of this browser
  #isOpen = false;
  #waits = false;
  #timer = 0;
  #others = new Map(); // by their ids: whether their streams are open

  // ui: { notice, title }: elements; notice is a status region around the title and what helps.
  constructor(ui) {
    this.#ui = ui;
    if (!isHttp1()) return;
    this.#channel = new BroadcastChannel("fanfare-streams");
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    addEventListener("pagehide", () => this.#tell(false));
    this.#ask();
  }

  // state: what FetchEventSource reports, or "idle".
  show({ state }) {
    if (this.#channel === null) return;
    clearTimeout(this.#timer);
    this.#isOpen = state === "open";
    this.#waits = false;
    if (state === "connecting") {
      this.#timer = setTimeout(() => {
        this.#waits = true;
        this.#draw();
      }, kPatienceMs);
    }
    this.#tell(this.#isOpen);
    this.#ask();
  }

  // Begins to count anew: a tab that crashed has not said so.
  #ask() {
    this.#others.clear();
    this.#channel.postMessage({ asks: true });
    this.#draw();
  }

  #tell(isOpen) {
    this.#channel.postMessage({ id: this.#id, isOpen });
  }

  #hear({ asks, id, isOpen }) {
    if (asks) return this.#tell(this.#isOpen);
    this.#others.set(id, isOpen);
    this.#draw();
  }

  #draw() {
    const open = [this.#isOpen, ...this.#others.values()].filter(Boolean).length;
    const isFull = open >= kConnectionsMax;
    this.#ui.notice.hidden = !isFull && !this.#waits;
    this.#ui.title.textContent = this.#waits
      ? "This stream seems to wait for a connection."
      : `${open} streams are open, so no connection is left.`;
  }
}
