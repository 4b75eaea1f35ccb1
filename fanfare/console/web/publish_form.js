// The publish form: one POST to the hub, and its answer in words.

export class PublishForm {
  #form;
  #answer;
  #busy = false;
  #url;

  // form: with the fields of the protocol (topic, data, type, id, retry, private) and `token`. answer: a status region.
  constructor({ form, answer, url }) {
    this.#form = form;
    this.#answer = answer;
    this.#url = url;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#publish();
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
  }

  async #publish() {
    if (this.#busy) return;
    this.#busy = true;
    try {
      const response = await fetch(this.#url, { method: "POST", body: this.#body(), headers: this.#headers() });
      const text = (await response.text()).trim();
      if (response.ok) this.#say("good", "Published as ", text);
      else this.#say("bad", `${response.status} ${response.statusText}`.trim() + (text ? `: ${text}` : ""));
    } catch {
      this.#say("bad", "The server cannot be reached.");
    }
    this.#busy = false;
  }

  #headers() {
    const token = this.#form.elements.token.value.trim();
    return token === "" ? {} : { Authorization: `Bearer ${token}` };
  }

  #body() {
    const { topic, data, type, id, retry, private: secret } = this.#form.elements;
    const body = new URLSearchParams({ topic: topic.value, data: data.value });
    for (const field of [type, id, retry]) {
      if (field.value !== "") body.set(field.name, field.value);
    }
    if (secret.checked) body.set("private", "on");
    return body;
  }

  #say(kind, text, id = "") {
    this.#answer.className = `answer ${kind}`;
    this.#answer.textContent = text;
    if (id === "") return;
    const code = document.createElement("code");
    code.textContent = id;
    this.#answer.append(code);
  }
}
