// The topic selectors of the subscription, as chips with a field to add more.

// What a hub takes a selector for (Mercure, "Topic Selectors").
export function kindOf(selector) {
  if (selector === "*") return "every topic";
  return selector.includes("{") ? "template" : "exact";
}

export class Topics {
  #selectors = [];
  #list;
  #input;
  #onChange;

  // form: holds `input` and a button. list: a <ul> for the chips. onChange(selectors): after each change by hand.
  constructor({ form, input, list, onChange }) {
    this.#list = list;
    this.#input = input;
    this.#onChange = onChange;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#add();
    });
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Backspace" || input.value !== "" || event.repeat) return;
      if (this.#selectors.length > 0) this.#remove(this.#selectors.at(-1));
    });
  }

  get selectors() {
    return [...this.#selectors];
  }

  // The one topic that every event of this subscription has, or "" if there is no such topic.
  get onlyTopic() {
    const [first, ...more] = this.#selectors;
    return first !== undefined && more.length === 0 && kindOf(first) === "exact" ? first : "";
  }

  set selectors(selectors) {
    this.#selectors = [...new Set(selectors)];
    this.#draw();
  }

  // Takes what is in the field, if anything: called before connecting, so that nobody has to press Add first.
  addPending() {
    const selector = this.#input.value.trim();
    this.#input.value = "";
    if (selector === "" || this.#selectors.includes(selector)) return false;
    this.selectors = [...this.#selectors, selector];
    return true;
  }

  #add() {
    if (this.addPending()) this.#onChange(this.selectors);
  }

  #remove(selector) {
    this.selectors = this.#selectors.filter((other) => other !== selector);
    this.#input.focus();
    this.#onChange(this.selectors);
  }

  #draw() {
    this.#list.replaceChildren(...this.#selectors.map((selector) => this.#chip(selector)));
  }

  #chip(selector) {
    const chip = document.createElement("li");
    chip.className = "chip";
    const text = document.createElement("span");
    text.className = "chip-text";
    text.textContent = selector;
    const kind = document.createElement("span");
    kind.className = "chip-kind";
    kind.textContent = kindOf(selector);
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "chip-remove";
    remove.setAttribute("aria-label", `Remove topic ${selector}`);
    remove.textContent = "×";
    remove.addEventListener("click", () => this.#remove(selector));
    chip.append(text, kind, remove);
    return chip;
  }
}
