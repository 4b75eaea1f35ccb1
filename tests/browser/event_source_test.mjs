// The console's EventSource over fetch(), against a scripted server: how it opens, reconnects, resumes and gives up.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";

import { FetchEventSource } from "../../fanfare/console/web/event_source.js";

const kStream = { "Content-Type": "text/event-stream" };

// answers[i](response, request) serves the i-th request; the last one serves all that follow.
async function serve(answers) {
  const requests = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)];
    requests.push({ method: request.method, headers: request.headers, at: performance.now() });
    answer(response, request);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => (server.closeAllConnections(), server.close());
  return { url: `http://127.0.0.1:${server.address().port}/`, requests, close };
}

const send = (status, headers, body = "") => (response) => response.writeHead(status, headers).end(body);
const hold = (headers, body) => (response) => response.writeHead(200, headers).write(body);

// Runs a source against the answers until `until(log)` is true, then settleMs more.
async function run(answers, until, { token, lastEventId, settleMs = 0, onEvent = () => {} } = {}) {
  const server = await serve(answers);
  const log = [];
  let source = null;
  try {
    await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`waited in vain: ${JSON.stringify(log)}`)), 8000);
      const note = (entry) => {
        log.push(entry);
        if (until(log)) resolve(clearTimeout(timer));
      };
      const on = {
        event: (event) => (note({ event }), onEvent(source)),
        comment: (comment) => note({ comment }),
        state: (state) => note(state),
      };
      source = new FetchEventSource(server.url, { token, lastEventId, on });
    });
    await new Promise((resolve) => setTimeout(resolve, settleMs));
  } finally {
    source.close();
    server.close();
  }
  return { log, requests: server.requests, lastEventId: source.lastEventId };
}

const states = (log) => log.filter((entry) => entry.state).map((entry) => entry.state);
const events = (log) => log.filter((entry) => entry.event).map((entry) => entry.event.data);
const isClosed = (log) => log.at(-1).state === "closed";
const opened = (times) => (log) => states(log).filter((state) => state === "open").length === times;

test("source: asks as EventSource does, with the token", async () => {
  const { requests } = await run([hold(kStream, ":\n")], opened(1), { token: "abc" });
  const { method, headers } = requests[0];
  assert.equal(method, "GET");
  assert.equal(headers.accept, "text/event-stream");
  assert.equal(headers.authorization, "Bearer abc");
  assert.equal(headers["cache-control"], "no-cache");
  assert.equal(headers["last-event-id"], undefined);
});

test("source: shows events of any type, and comments", async () => {
  const { log } = await run([hold(kStream, ": beat\nevent: stock\nid: 1\ndata: 7\n\n")], (l) => l.at(-1).event);
  assert.deepEqual(log.slice(-2), [{ comment: " beat" }, { event: { type: "stock", data: "7", id: "1" } }]);
});

test("source: reconnects after the time that the server named, and resumes after the last event", async () => {
  const first = send(200, kStream, "retry: 150\nid: é€\ndata: a\n\n");
  const id = Buffer.from("é€").toString("latin1");
  const second = hold({ ...kStream, "Last-Event-ID": id }, "data: b\n\n");
  const { log, requests } = await run([first, second], (l) => events(l).length === 2);
  assert.deepEqual(states(log), ["connecting", "open", "waiting", "connecting", "open"]);
  assert.equal(requests[1].headers["last-event-id"], id);
  const waited = requests[1].at - requests[0].at;
  assert.ok(waited >= 140 && waited < 1500, `waited ${waited} ms`);
  assert.equal(log.find((entry) => entry.state === "waiting").waitMs, 150);
  assert.equal(log.filter((entry) => entry.state === "open")[1].continuity, "resumed");
});

for (const [answered, continuity] of [["7", "resumed"], ["earliest", "gap"], ["6", "gap"], [undefined, "unknown"]]) {
  test(`source: a Last-Event-ID of ${answered} answered to 7 means ${continuity}`, async () => {
    const headers = answered === undefined ? kStream : { ...kStream, "Last-Event-ID": answered };
    const { log, requests } = await run([hold(headers, ":\n")], opened(1), { lastEventId: "7" });
    assert.equal(requests[0].headers["last-event-id"], "7");
    const open = log.find((entry) => entry.state === "open");
    assert.deepEqual(open, { state: "open", continuity, lastEventId: "7" });
  });
}

test("source: earliest asks for everything stored, and is no event id", async () => {
  const headers = { ...kStream, "Last-Event-ID": "earliest" };
  const answer = hold(headers, "data: a\n\n");
  const { log, requests, lastEventId } = await run([answer], (l) => l.at(-1).event, { lastEventId: "earliest" });
  assert.equal(requests[0].headers["last-event-id"], "earliest");
  assert.equal(log.at(-1).event.id, "");
  assert.equal(log[1].continuity, "fresh");
  assert.equal(lastEventId, "earliest");
});

test("source: an emptied id is not sent", async () => {
  const first = (response) => {
    response.writeHead(200, kStream).write("retry: 10\nid: 7\ndata: a\n\n");
    setTimeout(() => response.end("id:\ndata: b\n\n"), 50);
  };
  const { requests } = await run([first, hold(kStream, ":\n")], opened(2));
  assert.equal(requests[1].headers["last-event-id"], undefined);
});

test("source: a connection that breaks in mid-event loses only the part", async () => {
  const broken = (response) => {
    response.writeHead(200, kStream).write("retry: 10\nid: 1\ndata: a\n\nid: 2\ndata: b\n");
    setTimeout(() => response.destroy(), 50);
  };
  const { log, requests } = await run([broken, hold(kStream, "id: 2\ndata: b\n\n")], (l) => events(l).length === 2);
  assert.deepEqual(events(log), ["a", "b"]);
  assert.equal(requests[1].headers["last-event-id"], "1");
});

for (const status of [204, 400, 401, 404, 500, 502, 503]) {
  test(`source: ${status} is final`, async () => {
    const body = status === 204 ? "" : "the reason";
    const { log, requests } = await run([send(status, {}, body)], isClosed, { settleMs: 100 });
    assert.deepEqual(states(log), ["connecting", "closed"]);
    assert.match(log.at(-1).reason, status === 204 ? /204/ : new RegExp(`^${status} .*: the reason$`));
    assert.equal(requests.length, 1);
  });
}

test("source: another content type is final", async () => {
  const { log } = await run([hold({ "Content-Type": "text/html" }, "data: a\n\n")], isClosed, { settleMs: 100 });
  assert.deepEqual(states(log), ["connecting", "closed"]);
  assert.match(log.at(-1).reason, /text\/html/);
});

for (const status of [429, 503]) {
  test(`source: ${status} with Retry-After waits for so long`, async () => {
    const { log } = await run([send(status, { "Retry-After": "3" }, "full")], (l) => l.at(-1).state === "waiting");
    assert.equal(log.at(-1).waitMs, 3000);
    assert.match(log.at(-1).reason, /: full$/);
  });
}

test("source: a server that cannot be reached is tried again, ever more slowly, until it has been", async () => {
  const slam = (response) => response.socket.destroy();
  const first = send(200, kStream, "retry: 20\ndata: a\n\n");
  const answers = [first, slam, slam, first];
  const { log } = await run(answers, (l) => states(l).filter((s) => s === "waiting").length === 4);
  const waits = log.filter((entry) => entry.state === "waiting").map((entry) => entry.waitMs);
  assert.deepEqual(waits, [20, 40, 80, 20]);
});

test("source: close is final, also from inside a handler", async () => {
  const answer = send(200, kStream, "retry: 10\ndata: a\n\ndata: b\n\n");
  const close = { settleMs: 150, onEvent: (source) => source.close() };
  const { log, requests } = await run([answer], (l) => l.at(-1).event, close);
  assert.deepEqual(events(log), ["a"]);
  assert.deepEqual(states(log), ["connecting", "open"]);
  assert.equal(requests.length, 1);
});

test("source: the wait can be cut short", async () => {
  const server = await serve([send(200, kStream, "retry: 60000\ndata: a\n\n"), hold(kStream, ":\n")]);
  let opens = 0;
  await new Promise((resolve) => {
    const source = new FetchEventSource(server.url, {
      on: {
        event: () => {},
        comment: () => {},
        state: ({ state }) => {
          if (state === "waiting") setTimeout(() => source.reconnectNow(), 10);
          if (state === "open" && ++opens === 2) resolve(source.close());
        },
      },
    });
  });
  server.close();
  assert.equal(server.requests.length, 2);
});
