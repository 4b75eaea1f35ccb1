// Event streams in each content coding, as Chromium and Firefox decode them: alone and in a group, from the beginning,
// from the middle, and over a restart of the hub.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { launchFirefox } from "./firefox.mjs";
import { freePort, Hub, token } from "./hub.mjs";
import { launch } from "./page.mjs";

const kCodings = ["zstd", "br", "gzip", "deflate"];
// How many updates a request publishes, again and again: most leave alone, some together.
const kBatches = [1, 1, 1, 6, 1, 1, 14];
const kWaitMs = 40_000;  // what is waited for comes sooner, or not at all

const browsers = {};
before(async () => {
  [browsers.Chromium, browsers.Firefox] = await Promise.all([launch(), launchFirefox()]);
});
after(() => Promise.all(Object.values(browsers).map((browser) => browser.close())));

// In the page: opens an EventSource, whose data are in sinks[name]. Resolves when it is open.
function watch({ name, address }) {
  const source = new EventSource(address);
  const data = ((window.sinks ??= {})[name] = []);
  source.onmessage = (event) => data.push(event.data);
  return new Promise((resolve, reject) => {
    source.onopen = () => resolve();
    source.onerror = () => source.readyState === EventSource.CLOSED && reject(new Error(`no stream: ${name}`));
  });
}

// In the page: what has come for the name as soon as it is so much, or after a while.
async function waitFor({ name, count, waitMs }) {
  const end = Date.now() + waitMs;
  while (window.sinks[name].length < count && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
  return window.sinks[name];
}

// In the page: reads a stream by fetch() into sinks[name]; `ended` tells that it has ended, or why it cannot be decoded.
// Resolves with the coding that the response has.
async function read({ name, address }) {
  const response = await fetch(address, { headers: { Accept: "text/event-stream" } });
  const data = (window.sinks[name] = []);
  const follow = async (reader) => {
    for (let text = ""; ; ) {
      const { value, done } = await reader.read();
      if (done) return "ended";
      const lines = (text + value).split("\n");
      text = lines.pop();
      for (const line of lines) if (line.startsWith("data: ")) data.push(line.slice(6));
    }
  };
  window.ended = follow(response.body.pipeThrough(new TextDecoderStream()).getReader()).catch(String);
  return response.headers.get("content-encoding");
}

function update(number, isPrivate) {
  const sizes = [20, 90, 130, 400, 1500];
  const size = number % 60 === 30 ? 90_000 : sizes[number % sizes.length];
  // Half of it repeats, as events do.
  const noise = randomBytes(size / 4).toString("base64");
  const fields = { number, symbol: "FNFR", text: "é€😀", price: number * 7, noise, end: "-".repeat(size / 2) };
  return { topics: ["crowd", "alone"], data: JSON.stringify(fields), private: isPrivate };
}

async function publish(hub, updates) {
  for (let begin = 0, turn = 0; begin < updates.length; ++turn) {
    const end = begin + kBatches[turn % kBatches.length];
    await hub.publishAll(updates.slice(begin, end));
    begin = end;
  }
}

// Few words for each, so that a difference can be read.
const digest = (data) => createHash("sha256").update(data).digest("hex");
const brief = (data) => `${data.slice(0, 14)}… ${data.length} ${digest(data).slice(0, 8)}`;
const briefs = (updates) => updates.map(({ data }) => brief(data));
const publicOf = (updates) => updates.filter((each) => !each.private);

async function assertReceived(page, name, updates) {
  const data = await page.evaluate(waitFor, { name, count: updates.length, waitMs: kWaitMs });
  assert.deepEqual(data.map(brief), briefs(updates), name);
}

// A page of the hub, which notes the codings of its streams' responses, and responses that have broken.
async function openPage(browser, origin) {
  const page = await browser.newPage({ ignoreHTTPSErrors: true });  // Firefox has been told when it was started
  page.codings = [];
  page.broken = [];
  const answered = new Set();
  page.on("response", (response) => {
    if (!response.url().includes("/.well-known/mercure")) return;
    answered.add(response.request());
    page.codings.push(response.headers()["content-encoding"]);
  });
  page.on("requestfailed", (request) => {
    const reason = request.failure().errorText;
    // Chromium says that of a fetch() that has been read to its end.
    if (answered.has(request) && reason !== "net::ERR_ABORTED") page.broken.push(reason);
  });
  await page.goto(`${origin}/healthz`);
  return page;
}

async function startHub(coding, state) {
  const address = `127.0.0.1:${await freePort()}`;
  const limits = ["coding_group_subscribers_min=2", "coding_reset_ms_min=20", "drain_ms=1000"];
  const options = ["--tls-self-signed", "--tls-listen", address, "--threads", "1", "--content-coding", coding];
  for (const limit of limits) options.push("--limit", limit);
  const hub = await Hub.start(options, { STATE_DIRECTORY: state }, ["--data", join(state, "log"), "--durability", "os"]);
  return { hub, origin: `https://${address}` };
}

// Those of the crowd are a group, which private updates reach, too.
async function receiveAll(browser, coding, hub, origin) {
  const updates = Array.from({ length: 300 }, (_, i) => update(i, i % 25 === 7));
  const [early, late, last] = [updates.slice(0, 120), updates.slice(120, 240), updates.slice(240)];
  const crowd = `/.well-known/mercure?topic=crowd&authorization=${token()}`;
  const page = await openPage(browser, origin);
  const open = (name, address) => page.evaluate(watch, { name, address });

  await open("alone", "/.well-known/mercure?topic=alone");
  for (const name of ["first", "second", "third"]) await open(name, crowd);
  assert.equal(await page.evaluate(read, { name: "fetch", address: crowd }), coding);
  await publish(hub, early);
  await open("joins", crowd);
  await open("catches up", `${crowd}&lastEventID=earliest`);
  await publish(hub, late);
  const check = async (all, names) => {
    await assertReceived(page, "alone", publicOf(all));
    await assertReceived(page, "joins", all.slice(early.length));
    for (const name of names) await assertReceived(page, name, all);
  };
  await check([...early, ...late], ["first", "second", "third", "catches up", "fetch"]);
  for (const form of ["group", "standalone", ...(["gzip", "deflate"].includes(coding) ? ["primed"] : [])]) {
    assert.ok((await hub.metric(`fanfare_compressed_total{form="${form}"}`)) > 0, form);
  }

  await hub.stop();
  assert.equal(await page.evaluate(() => window.ended), "ended");
  await hub.restart();
  await publish(hub, last);
  await check(updates, ["first", "second", "third", "catches up"]);
  const responses = 6 + 1 + 6;  // of the sources, of fetch(), and of the sources again
  for (let i = 0; i < 100 && page.codings.length < responses; ++i) await sleep(50);
  assert.deepEqual(page.codings, Array(responses).fill(coding));
  assert.deepEqual(page.broken, []);
  await page.close();
}

for (const name of ["Chromium", "Firefox"]) {
  for (const coding of kCodings) {
    test(`${name} receives every event over ${coding}, once and in order`, { timeout: 120_000 }, async () => {
      const state = await mkdtemp(join(tmpdir(), "fanfare-codings-"));
      const { hub, origin } = await startHub(coding, state);
      try {
        await receiveAll(browsers[name], coding, hub, origin);
      } finally {
        await hub.kill();
        await rm(state, { recursive: true });
      }
    });
  }
}
