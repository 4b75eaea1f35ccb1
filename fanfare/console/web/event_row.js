// One row of the event list: a line that opens to the whole event.

import { fullView, preview } from "./json_view.js";

const kTypeHues = 6; // classes hue-0 to hue-5 in console.css
let rows = 0; // for unique element ids

function element(name, className, ...content) {
  const made = document.createElement(name);
  made.className = className;
  made.append(...content);
  return made;
}

function clock(date) {
  const two = (number) => String(number).padStart(2, "0");
  const ms = String(date.getMilliseconds()).padStart(3, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}

// The end of an id or a topic tells more than its beginning ("urn:uuid:", "https://").
function shortened(text, charsMax) {
  return text.length <= charsMax ? text : `…${text.slice(1 - charsMax)}`;
}

function sizeOf(text) {
  const bytes = new TextEncoder().encode(text).length;
  if (bytes === 1) return "1 byte";
  return bytes < 1024 ? `${bytes} bytes` : `${(bytes / 1024).toFixed(1)} KiB`;
}

// The same type has the same colour everywhere; "message", the default, has none.
function hueOf(type) {
  if (type === "message") return "";
  let sum = 0;
  for (const letter of type) sum = (sum * 31 + letter.codePointAt(0)) % 9973;
  return `hue-${sum % kTypeHues}`;
}

async function copy(text, button) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Not allowed"; // no clipboard without HTTPS, except on this machine
  }
  setTimeout(() => (button.textContent = label), 1500);
}

function copyButton(label, text) {
  const button = element("button", "small", label);
  button.type = "button";
  button.addEventListener("click", () => copy(text, button));
  return button;
}

function details(event, selectors) {
  const list = element("dl", "event-fields");
  const topic = event.topic || `not in the stream; it matches ${selectors.join(" or ")}`;
  const fields = { Topic: topic, Type: event.type, Id: event.id || "none", Size: sizeOf(event.data) };
  for (const [name, value] of Object.entries(fields)) {
    list.append(element("div", "", element("dt", "", name), element("dd", name.toLowerCase(), value)));
  }
  return list;
}

// event: { type, data, id, topic ("" if unknown), at (a Date) }; selectors: of the subscription that it came by.
export function eventRow(event, selectors) {
  const time = element("time", "event-time", clock(event.at));
  time.dateTime = event.at.toISOString();
  const topic = element("span", "event-topic", shortened(event.topic, 20));
  const type = element("span", `event-type ${hueOf(event.type)}`, event.type);
  const id = element("span", "event-id", shortened(event.id, 13));
  topic.title = event.topic;
  id.title = event.id;
  const head = element("button", "event-head", time, topic, element("span", "event-kind", type), id);
  head.append(element("span", "event-preview", preview(event.data)));
  head.type = "button";
  head.tabIndex = -1;
  const body = element("div", "event-body");
  body.id = `event-${++rows}`;
  body.hidden = true;
  head.setAttribute("aria-controls", body.id);
  head.setAttribute("aria-expanded", "false");
  const row = element("li", "event", head, body);
  head.addEventListener("click", () => toggle(row, body.hidden));
  row.open = () => fill(body, event, selectors);
  return row;
}

// The body is made when it is first opened.
function fill(body, event, selectors) {
  if (body.firstChild) return;
  const data = element("pre", "event-data", fullView(event.data));
  data.tabIndex = 0; // it scrolls
  data.setAttribute("role", "group");
  data.setAttribute("aria-label", "Data");
  const buttons = element("div", "event-buttons", copyButton("Copy data", event.data));
  if (event.id) buttons.append(copyButton("Copy id", event.id));
  body.append(details(event, selectors), data, buttons);
}

// Opens or closes a row of eventRow().
export function toggle(row, open) {
  const [head, body] = row.children;
  if (open) row.open();
  body.hidden = !open;
  head.setAttribute("aria-expanded", String(open));
}

// A line between events that tells what happened to the stream. kind: "good", "bad" or "".
export function markerRow(text, kind, at) {
  const time = element("time", "event-time", clock(at));
  time.dateTime = at.toISOString();
  return element("li", `marker ${kind}`, time, element("span", "", text));
}
