// Events per second over the last minute: one bar per second, drawn once a second.

const kSeconds = 60;
const kHeight = 40; // of the drawing's own units
const kSvg = "http://www.w3.org/2000/svg";

export class RateChart {
  #counts = new Array(kSeconds).fill(0); // the last one is the second that runs
  #bars = [];
  #svg;
  #now;
  #peak;

  // svg: an element with viewBox "0 0 60 40". now, peak: elements for the figures.
  constructor({ svg, now, peak }) {
    this.#svg = svg;
    this.#now = now;
    this.#peak = peak;
    for (let i = 0; i < kSeconds; i++) {
      const bar = document.createElementNS(kSvg, "rect");
      bar.setAttribute("x", i + 0.12);
      bar.setAttribute("width", 0.76);
      this.#bars.push(svg.appendChild(bar));
    }
    this.#draw();
    setInterval(() => this.#tick(), 1000);
  }

  count() {
    this.#counts[kSeconds - 1]++;
  }

  #tick() {
    this.#draw();
    this.#counts.shift();
    this.#counts.push(0);
  }

  #draw() {
    const now = this.#counts[kSeconds - 1];
    const peak = Math.max(...this.#counts);
    const scale = (kHeight - 2) / Math.max(peak, 5);
    this.#bars.forEach((bar, i) => {
      const height = this.#counts[i] === 0 ? 0.6 : Math.max(this.#counts[i] * scale, 2);
      bar.setAttribute("y", kHeight - height);
      bar.setAttribute("height", height);
      bar.classList.toggle("idle", this.#counts[i] === 0);
    });
    this.#now.textContent = now;
    this.#peak.textContent = peak;
    this.#svg.setAttribute("aria-label", `Events per second, last ${kSeconds} seconds: now ${now}, peak ${peak}`);
  }
}
