// HTTP/2 as browsers use it: all streams and requests of a page share one connection.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { freePort, Hub } from "./hub.mjs";
import { launch } from "./page.mjs";

let hub, browser, origin, state;
before(async () => {
  state = await mkdtemp(join(tmpdir(), "fanfare-http2-"));
  const address = `127.0.0.1:${await freePort()}`;
  origin = `https://${address}`;
  [hub, browser] = await Promise.all([
    Hub.start(["--tls-self-signed", "--tls-listen", address], { STATE_DIRECTORY: state }),
    launch(),
  ]);
});
after(async () => {
  await browser?.close();
  await hub?.kill();
  if (state) await rm(state, { recursive: true });
});

// Opens an EventSource; what it receives is in window.received[topic]. Resolves when it is open.
function openSource(page, topic) {
  return page.evaluate((name) => {
    const source = new EventSource(`/.well-known/mercure?topic=${name}`);
    (window.received ??= {})[name] = [];
    source.onmessage = (event) => window.received[name].push(event.data);
    return new Promise((resolve, reject) => {
      source.onopen = resolve;
      source.onerror = () => reject(new Error(`no stream of ${name}`));
    });
  }, topic);
}

test("two EventSources and a fetch share one connection", async () => {
  const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
  page.setDefaultTimeout(10_000);
  await page.goto(`${origin}/healthz`);
  const tools = await page.context().newCDPSession(page);
  const seen = [];
  // The browser may ask for an icon of the page, too.
  tools.on("Network.responseReceived", ({ response }) => response.url.endsWith(".ico") || seen.push(response));
  await tools.send("Network.enable");
  await openSource(page, "a");
  await openSource(page, "b");
  assert.equal(await page.evaluate(async () => (await fetch("/healthz")).text()), "ok\n");
  await hub.publish("a", { data: "one" });
  await hub.publish("b", { data: "two" });
  await page.waitForFunction(() => window.received.a.length > 0 && window.received.b.length > 0);
  assert.deepEqual(await page.evaluate(() => window.received), { a: ["one"], b: ["two"] });
  assert.equal(seen.length, 3);
  for (const response of seen) {
    assert.equal(response.protocol, "h2", response.url);
    assert.equal(response.connectionId, seen[0].connectionId, response.url);
  }
});

test("more streams are open at once than HTTP/1.1 has connections, in several tabs", async () => {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  for (const tab of ["first", "second"]) {
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    await page.goto(`${origin}/healthz`);
    for (let i = 0; i < 8; ++i) await openSource(page, `${tab}-${i}`);
    await hub.publish(`${tab}-7`, { data: "last" });
    await page.waitForFunction((topic) => window.received[topic].includes("last"), `${tab}-7`);
  }
});
