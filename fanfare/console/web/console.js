// The console page: subscribes to a hub, lists what arrives, publishes. This file joins the parts and keeps the state
// that a link can share: the topics, in the query string. `#token=` in the address is the development token that
// `fanfare serve --dev` prints; it moves into the publish form and out of the address.

import { ConnectionLimit } from "./connection_limit.js";
import { ConnectionState } from "./connection_state.js";
import { EventList } from "./event_list.js";
import { FetchEventSource } from "./event_source.js";
import { PublishForm } from "./publish_form.js";
import { RateChart } from "./rate_chart.js";
import { Topics } from "./topics.js";

const kHub = "/.well-known/mercure";
const byId = (id) => document.getElementById(id);

const events = new EventList({
  list: byId("events"),
  summary: byId("summary"),
  empty: byId("empty"),
  pause: byId("pause"),
  clear: byId("clear"),
  expand: byId("expand"),
  filter: byId("filter"),
});
const chart = new RateChart({ svg: byId("chart"), now: byId("rate-now"), peak: byId("rate-peak") });
const connection = new ConnectionState({
  light: byId("state"),
  words: byId("state-words"),
  countdown: byId("countdown"),
  problem: byId("problem"),
  retry: byId("retry-now"),
  heard: byId("heard"),
});
const limit = new ConnectionLimit({ notice: byId("limit"), title: byId("limit-title") });
const topics = new Topics({
  form: byId("topics-form"),
  input: byId("topic-input"),
  list: byId("topics"),
  onChange: topicsChanged,
});
const publishForm = byId("publish-form");
new PublishForm({ form: publishForm, answer: byId("answer"), url: kHub });

let source = null; // the FetchEventSource of this moment
let opened = false; // has this source been open before
let brokenAt = 0; // when it was last lost, in ms

function subscribeUrl() {
  return `${kHub}?${new URLSearchParams(topics.selectors.map((selector) => ["topic", selector]))}`;
}

function connect(lastEventId) {
  source?.close();
  opened = false;
  const selectors = topics.selectors;
  const onlyTopic = topics.onlyTopic;
  source = new FetchEventSource(subscribeUrl(), {
    token: byId("subscriber-token").value.trim(),
    lastEventId,
    on: {
      event: (event) => {
        chart.count();
        connection.heard();
        events.add({ ...event, topic: onlyTopic, at: new Date() }, selectors);
      },
      comment: () => connection.heard(),
      state: stateChanged,
    },
  });
  showButton();
}

function disconnect() {
  source?.close();
  source = null;
  connection.show({ state: "idle" });
  limit.show({ state: "idle" });
  showButton();
}

function showButton() {
  byId("connect").textContent = source ? "Disconnect" : "Connect";
  byId("connect").classList.toggle("engaged", source !== null);
}

function stateChanged(change) {
  connection.show(change);
  limit.show(change);
  if (change.state === "open") markOpening(change);
  if (change.state === "waiting" && brokenAt === 0) brokenAt = Date.now();
  if (change.state === "closed") {
    source = null;
    showButton();
  }
}

function markOpening({ continuity, lastEventId }) {
  const away = brokenAt === 0 ? "" : ` after ${((Date.now() - brokenAt) / 1000).toFixed(1)} s`;
  if (opened || continuity !== "fresh") events.mark(...openingWords(continuity, away, lastEventId));
  opened = true;
  brokenAt = 0;
}

// What a person should know about the events between two connections: [text, kind].
function openingWords(continuity, away, lastEventId) {
  const reconnected = `${opened ? "Reconnected" : "Connected again"}${away}.`;
  switch (continuity) {
    case "resumed":
      return [`${reconnected} Resumed after event ${lastEventId}: nothing is missing.`, "good"];
    case "gap":
      return [
        `${reconnected} Gap: the hub no longer knows event ${lastEventId}. What came after it may be missing.`,
        "bad",
      ];
    case "unknown":
      return [`${reconnected} The hub did not say whether it could resume.`, "bad"];
    default:
      return [`${reconnected} No event had arrived before, so there was nothing to resume from.`, ""];
  }
}

// While connected, a change of the topics applies at once, after the last event that was seen.
function topicsChanged(selectors) {
  const address = new URL(location);
  address.searchParams.delete("topic");
  for (const selector of selectors) address.searchParams.append("topic", selector);
  history.replaceState(null, "", address);
  byId("topic-note").hidden = topics.onlyTopic !== "" || selectors.length === 0;
  if (!source) return;
  if (selectors.length === 0) disconnect();
  else connect(source.lastEventId);
}

function connectOrDisconnect() {
  if (source) return disconnect();
  if (topics.addPending()) topicsChanged(topics.selectors);
  if (topics.selectors.length === 0) {
    connection.show({ state: "idle", reason: "Add at least one topic. * stands for every topic." });
    byId("topic-input").focus();
    return;
  }
  connect(byId("begin").value);
}

function takeToken() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  if (fragment.has("token")) {
    sessionStorage.setItem("publisher-token", fragment.get("token"));
    history.replaceState(null, "", location.pathname + location.search);
  }
  publishForm.elements.token.value = sessionStorage.getItem("publisher-token") ?? "";
  return fragment.has("token");
}

function start() {
  const shared = new URLSearchParams(location.search).getAll("topic");
  const development = takeToken();
  topics.selectors = shared.length > 0 ? shared : ["*"];
  byId("topic-note").hidden = topics.onlyTopic !== "";
  publishForm.elements.topic.value = topics.onlyTopic || "https://example.com/books/1";
  if (matchMedia("(max-width: 60rem)").matches) byId("publish").open = false;
  byId("connect-form").addEventListener("submit", (event) => {
    event.preventDefault();
    connectOrDisconnect();
  });
  byId("retry-now").addEventListener("click", () => source?.reconnectNow());
  // A link with topics, or the address that the development server prints, means: show me.
  if (shared.length > 0 || development) connect("");
}

start();
