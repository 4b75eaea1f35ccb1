// The browser's own EventSource with a cookie, as Mercure's authorisation is meant for pages: the application on one
// origin sets it, the hub is on another. Both are of one site (localhost), so cookies go along; CORS decides who reads.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { Hub, listening, token } from "./hub.mjs";
import { launch } from "./page.mjs";

const kCookie = `mercureAuthorization=${token()}; Path=/.well-known/mercure; HttpOnly; SameSite=Strict`;

// An application that gives its visitors the cookie.
async function startApplication() {
  const server = createServer((_, response) => {
    response.writeHead(200, { "Content-Type": "text/html", "Set-Cookie": kCookie }).end("<title>application</title>");
  });
  return { origin: `http://localhost:${await listening(server)}`, close: () => server.close() };
}

let hub, browser, trusted, other;
before(async () => {
  [trusted, other, browser] = await Promise.all([startApplication(), startApplication(), launch()]);
  hub = await Hub.start(["--cors-origin", trusted.origin, "--publish-origin", trusted.origin]);
});
after(async () => {
  await browser?.close();
  await hub?.kill();
  trusted?.close();
  other?.close();
});

// A page of the application whose visitor has the cookie.
async function visit(application) {
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(10_000);
  await page.goto(application.origin);
  return page;
}

// Opens an EventSource as window.source; resolves to "open" or "error". What it receives is in window.received.
function openSource(page, topic, withCredentials) {
  return page.evaluate(
    ([url, credentials]) => {
      window.received = [];
      window.source = new EventSource(url, { withCredentials: credentials });
      window.source.onmessage = (event) => window.received.push(event.data);
      return new Promise((resolve) => {
        window.source.onopen = () => resolve("open");
        window.source.onerror = () => resolve("error");
      });
    },
    [`${hub.urlAt("localhost")}?topic=${encodeURIComponent(topic)}`, withCredentials],
  );
}

// What has been received, up to and with this.
async function receivedThrough(page, last) {
  await page.waitForFunction((data) => window.received.includes(data), last);
  return page.evaluate(() => window.received);
}

async function publishSecretAndNews(topic) {
  await hub.publish(topic, { data: "secret", private: "on" });
  await hub.publish(topic, { data: "news" });
}

test("with credentials, a page of a listed origin receives private updates", async () => {
  const page = await visit(trusted);
  assert.equal(await openSource(page, "a", true), "open");
  await publishSecretAndNews("a");
  assert.deepEqual(await receivedThrough(page, "news"), ["secret", "news"]);
  await page.context().close();
});

test("without credentials, it receives what everybody does", async () => {
  const page = await visit(trusted);
  assert.equal(await openSource(page, "b", false), "open");
  await publishSecretAndNews("b");
  assert.deepEqual(await receivedThrough(page, "news"), ["news"]);
  await page.context().close();
});

test("a page of another origin receives nothing, with the cookie or without", async () => {
  const page = await visit(other);
  for (const credentials of [true, false]) {
    assert.equal(await openSource(page, "c", credentials), "error");
    assert.equal(await page.evaluate(() => window.source.readyState), 2, "a refusal by CORS is final");
  }
  await page.context().close();
});

test("a page reads the response's Last-Event-ID across origins", async () => {
  const id = await hub.publish("d", { data: "first" });
  const page = await visit(trusted);
  const seen = await page.evaluate(async ([url, lastEventId]) => {
    const stop = new AbortController();
    const headers = { "Last-Event-ID": lastEventId };
    const response = await fetch(url, { headers, credentials: "include", signal: stop.signal });
    stop.abort();
    return response.headers.get("Last-Event-ID");
  }, [`${hub.urlAt("localhost")}?topic=d`, id]);
  assert.equal(seen, id);
  await page.context().close();
});

test("the cookie publishes from pages that the hub trusts, and from no other", async () => {
  const publish = async (application) => {
    const page = await visit(application);
    const status = await page.evaluate(async (url) => {
      const body = new URLSearchParams({ topic: "e", data: `by ${location.origin}` });
      const response = await fetch(url, { method: "POST", body, credentials: "include", mode: "cors" }).catch(() => null);
      return response?.status ?? "unreadable";
    }, hub.urlAt("localhost"));
    await page.context().close();
    return status;
  };
  const reader = await visit(trusted);
  assert.equal(await openSource(reader, "e", true), "open");
  assert.equal(await publish(other), "unreadable");
  assert.equal(await publish(trusted), 200);
  assert.deepEqual(await receivedThrough(reader, `by ${trusted.origin}`), [`by ${trusted.origin}`]);
  await reader.context().close();
});
