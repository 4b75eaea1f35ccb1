// WebSockets of the hub as Chromium opens them: what comes, who may open one, and over TLS within an HTTP/2 connection.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";

import { freePort, Hub, listening, token } from "./hub.mjs";
import { launch } from "./page.mjs";

const kCookie = `mercureAuthorization=${token()}; Path=/.well-known/mercure; HttpOnly; SameSite=Strict`;
const kLargeBytes = 100_000;

// An application that gives its visitors the hub's cookie. Cookies know no ports, so the browser sends it from this
// page to the hub on localhost, although the page is of another origin.
async function startApplication() {
  const server = createServer((_, response) => {
    response.writeHead(200, { "Content-Type": "text/html", "Set-Cookie": kCookie }).end("<title>application</title>");
  });
  return { origin: `http://localhost:${await listening(server)}`, close: () => server.close() };
}

let browser, application;
before(async () => {
  [browser, application] = await Promise.all([launch(), startApplication()]);
});
after(async () => {
  await browser?.close();
  application?.close();
});

// A hub with these options, which is gone when the test is over.
async function startHub(context, options, environment) {
  const hub = await Hub.start(options, environment);
  context.after(() => hub.kill());
  return hub;
}

// A page in a browser profile of its own. page.statuses: those of the answers to its WebSockets' handshakes that
// succeeded; page.refusals: what the browser says of the others.
async function visit(context, address) {
  const profile = await browser.newContext({ ignoreHTTPSErrors: true });
  context.after(() => profile.close());
  const page = await profile.newPage();
  page.setDefaultTimeout(10_000);
  page.statuses = [];
  page.refusals = [];
  page.on("console", (message) => message.type() === "error" && page.refusals.push(message.text()));
  const tools = await profile.newCDPSession(page);
  tools.on("Network.webSocketHandshakeResponseReceived", ({ response }) => page.statuses.push(response.status));
  await tools.send("Network.enable");
  await page.goto(address);
  return page;
}

// Opens a WebSocket as window.sockets[name]. What it receives is in window.received[name]. Resolves with "open" and
// the extensions, or with "closed" and the code.
function openSocket(page, name, hubUrl, query) {
  return page.evaluate(
    ([key, address]) => {
      const socket = new WebSocket(address);
      (window.sockets ??= {})[key] = socket;
      const received = ((window.received ??= {})[key] = []);
      socket.onmessage = (event) => received.push(JSON.parse(event.data));
      const outcome = ((window.outcomes ??= {})[key] = new Promise((resolve) => (socket.onclose = resolve)));
      const opened = new Promise((resolve) => (socket.onopen = () => resolve(["open", socket.extensions])));
      return Promise.race([opened, outcome.then((event) => ["closed", event.code])]);
    },
    [name, `${hubUrl.replace(/^http/, "ws")}?${new URLSearchParams(query)}`],
  );
}

// What the WebSocket has received, up to and with this.
async function receivedThrough(page, name, last) {
  await page.waitForFunction(([key, id]) => window.received[key].some((each) => each.id === id), [name, last]);
  return page.evaluate((key) => window.received[key], name);
}

// Waits until both are equal, as what the browser's tools and the hub's metrics tell may come a little later.
async function eventually(actual, expected, why) {
  for (let tries = 0; tries < 100 && !isDeepStrictEqual(await actual(), expected); tries++) await sleep(20);
  assert.deepEqual(await actual(), expected, why);
}

// The code and wasClean of the close event, when it comes.
function closed(page, name) {
  return page.evaluate((key) => window.outcomes[key].then(({ code, wasClean }) => [code, wasClean]), name);
}

const data = (updates) => updates.map((update) => update.data);

async function publishSecretAndNews(hub) {
  await hub.publish("a", { id: "1", data: "secret", private: "on" });
  await hub.publish("a", { id: "2", data: "news" });
}

test("a page of the hub's own origin receives every update once, in order, and resumes by id", async (context) => {
  const hub = await startHub(context);
  const page = await visit(context, `${hub.origin}/healthz`);
  const url = hub.urlAt("127.0.0.1");
  const [outcome, extensions] = await openSocket(page, "first", url, { topic: "books/{id}" });
  assert.equal(outcome, "open");
  assert.match(extensions, /^permessage-deflate/);
  const update = (i) => ({ id: `id-${i}`, type: "sold", topics: [`books/${i}`], data: `${i}` });
  const updates = Array.from({ length: 20 }, (_, i) => update(i));
  updates[3].data = '"quoted"\nlines, \\ and \u{1F409} \u0001';
  updates[7].data = randomBytes(kLargeBytes / 2).toString("hex");  // takes half of that when it is compressed
  updates[8].data = "x".repeat(kLargeBytes);
  for (const { id, type, topics, data } of updates) await hub.publish(topics[0], { id, type, data });
  assert.deepEqual(await receivedThrough(page, "first", "id-19"), updates);

  assert.equal((await openSocket(page, "second", url, { topic: "books/{id}", lastEventID: "id-4" }))[0], "open");
  assert.deepEqual(await receivedThrough(page, "second", "id-19"), updates.slice(5));
  const last = { id: "last", type: "message", topics: ["books/20"], data: "to both" };
  await hub.publish("books/20", { id: last.id, data: last.data });
  assert.deepEqual(await receivedThrough(page, "second", "last"), [...updates.slice(5), last]);
  assert.deepEqual(await receivedThrough(page, "first", "last"), [...updates, last]);
  await eventually(() => page.statuses, [101, 101]);
});

test("a page that closes its WebSocket is no subscriber any more", async (context) => {
  const hub = await startHub(context);
  const page = await visit(context, `${hub.origin}/healthz`);
  assert.equal((await openSocket(page, "socket", hub.urlAt("127.0.0.1"), { topic: "a" }))[0], "open");
  await eventually(() => hub.metric("fanfare_subscribers"), 1);
  await page.evaluate(() => window.sockets.socket.close(1000));
  assert.deepEqual(await closed(page, "socket"), [1000, true]);
  await eventually(() => hub.metric("fanfare_subscribers"), 0);
});

test("a hub that stops says so in the close", async (context) => {
  const hub = await startHub(context);
  const page = await visit(context, `${hub.origin}/healthz`);
  assert.equal((await openSocket(page, "socket", hub.urlAt("127.0.0.1"), { topic: "a" }))[0], "open");
  await hub.stop();
  assert.deepEqual(await closed(page, "socket"), [1001, true]);
});

test("a page of another origin cannot open one, although its visitor has the hub's cookie", async (context) => {
  const hub = await startHub(context);
  await publishSecretAndNews(hub);
  const page = await visit(context, application.origin);
  const outcome = await openSocket(page, "socket", hub.urlAt("localhost"), { topic: "a", lastEventID: "earliest" });
  assert.deepEqual(outcome, ["closed", 1006]);
  await eventually(() => page.refusals.map((text) => text.match(/WebSocket .*: (\d+)$/)?.[1]), ["403"]);
  assert.deepEqual(page.statuses, []);
  assert.deepEqual(await page.evaluate(() => window.received), { socket: [] });
  assert.equal(await hub.metric("fanfare_subscribers"), 0);
});

test("a page of a listed origin receives private updates by the cookie", async (context) => {
  const hub = await startHub(context, ["--cors-origin", application.origin]);
  const page = await visit(context, application.origin);
  assert.equal((await openSocket(page, "live", hub.urlAt("localhost"), { topic: "a" }))[0], "open");
  await publishSecretAndNews(hub);
  assert.deepEqual(data(await receivedThrough(page, "live", "2")), ["secret", "news"]);
  const query = { topic: "a", lastEventID: "earliest" };
  assert.equal((await openSocket(page, "late", hub.urlAt("localhost"), query))[0], "open");
  assert.deepEqual(data(await receivedThrough(page, "late", "2")), ["secret", "news"]);
});

test("where all origins are listed, the cookie counts for nothing, and public updates come", async (context) => {
  const hub = await startHub(context, ["--cors-origin", "*"]);
  const page = await visit(context, application.origin);
  assert.equal((await openSocket(page, "live", hub.urlAt("localhost"), { topic: "a" }))[0], "open");
  await publishSecretAndNews(hub);
  assert.deepEqual(data(await receivedThrough(page, "live", "2")), ["news"]);
  const query = { topic: "a", lastEventID: "earliest" };
  assert.equal((await openSocket(page, "late", hub.urlAt("localhost"), query))[0], "open");
  assert.deepEqual(data(await receivedThrough(page, "late", "2")), ["news"]);
});

// A hub that has TLS besides: [hub, its origin over TLS].
async function startTlsHub(context, options) {
  const state = await mkdtemp(join(tmpdir(), "fanfare-websocket-"));
  context.after(() => rm(state, { recursive: true }));
  const address = `127.0.0.1:${await freePort()}`;
  const tls = ["--tls-self-signed", "--tls-listen", address];
  return [await startHub(context, [...tls, ...options], { STATE_DIRECTORY: state }), `https://${address}`];
}

// Opens two WebSockets and sees that updates come to both. Resolves with how many connections that took.
async function openTwo(page, hub, origin) {
  const before = await hub.metric("fanfare_connections_total");
  for (const name of ["first", "second"]) {
    assert.equal((await openSocket(page, name, `${origin}/.well-known/mercure`, { topic: "a" }))[0], "open");
  }
  const connections = (await hub.metric("fanfare_connections_total")) - before;
  const large = randomBytes(kLargeBytes / 2).toString("hex");
  await hub.publish("a", { id: "1", data: large });
  await hub.publish("a", { id: "2", data: "news" });
  for (const name of ["first", "second"]) {
    assert.deepEqual(data(await receivedThrough(page, name, "2")), [large, "news"]);
  }
  return connections;
}

// An extended CONNECT is answered with 200 (RFC 8441), an upgrade with 101.
test("over TLS, they are streams of the HTTP/2 connection that the page has", async (context) => {
  const [hub, origin] = await startTlsHub(context, []);
  const page = await visit(context, `${origin}/healthz`);
  assert.equal(await page.evaluate(async () => (await fetch("/healthz")).text()), "ok\n");
  assert.equal(await openTwo(page, hub, origin), 0);
  await eventually(() => page.statuses, [200, 200]);
});

test("over TLS, where the page has no connection to the hub, each is one of HTTP/1.1", async (context) => {
  const [hub, origin] = await startTlsHub(context, ["--cors-origin", application.origin]);
  const page = await visit(context, application.origin);
  // Chromium connects twice for each, as the certificate is one that it accepts only when told to.
  assert.ok((await openTwo(page, hub, origin)) >= 2);
  await eventually(() => page.statuses, [101, 101]);
});
