// Six connections: what Chromium does with a seventh stream over HTTP/1.1, and that the console says so.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { freePort, Hub } from "./hub.mjs";
import { button, launch, state } from "./page.mjs";

let hub, browser, overTls, stateDirectory;
before(async () => {
  stateDirectory = await mkdtemp(join(tmpdir(), "fanfare-limit-"));
  const address = `127.0.0.1:${await freePort()}`;
  overTls = `https://${address}`;
  [hub, browser] = await Promise.all([
    Hub.start(["--tls-self-signed", "--tls-listen", address], { STATE_DIRECTORY: stateDirectory }),
    launch(),
  ]);
});
after(async () => {
  await browser?.close();
  await hub?.kill();
  if (stateDirectory) await rm(stateDirectory, { recursive: true });
});

// So many tabs of one browser profile, which share its connections. None has a stream.
async function tabs(origin, path, count) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 800 } });
  context.setDefaultTimeout(10_000);
  const pages = [];
  for (let i = 0; i < count; i++) {
    const page = await context.newPage();
    page.exceptions = [];
    page.on("pageerror", (error) => page.exceptions.push(String(error)));
    await page.goto(origin + path);
    pages.push(page);
  }
  return pages;
}

async function close(pages) {
  for (const page of pages) assert.deepEqual(page.exceptions, []);
  await pages[0].context().close();
}

const notice = (page) => page.locator("#limit");
const isShown = async (page) => notice(page).isVisible();
const screenshot = async (page, name) => {
  if (process.env.FANFARE_SCREENSHOTS) await page.screenshot({ path: join(process.env.FANFARE_SCREENSHOTS, name) });
};

// Opens EventSources on a page that is no console; resolves with how many are open when they have had time.
function openSources(page, count) {
  return page.evaluate(async (wanted) => {
    const sources = Array.from({ length: wanted }, () => new EventSource("/.well-known/mercure?topic=a"));
    window.sources = sources;
    const open = () => sources.filter((source) => source.readyState === EventSource.OPEN).length;
    for (let i = 0; i < 40 && open() < wanted; i++) await new Promise((resolve) => setTimeout(resolve, 50));
    return open();
  }, count);
}

test("HTTP/1.1: the seventh EventSource of a page does not open", async () => {
  const [page] = await tabs(hub.origin, "/healthz", 1);
  assert.equal(await openSources(page, 7), 6);
  await page.evaluate(() => window.sources.find((source) => source.readyState === EventSource.OPEN).close());
  await page.waitForFunction(() => window.sources.filter((source) => source.readyState === EventSource.OPEN).length === 6);
  await close([page]);
});

test("HTTP/2: it does", async () => {
  const [page] = await tabs(overTls, "/healthz", 1);
  assert.equal(await openSources(page, 12), 12);
  await close([page]);
});

test("HTTP/1.1: a console whose stream does not open says why, and no longer when it does", async () => {
  const [console] = await tabs(hub.origin, "/", 1);
  const other = await console.context().newPage();
  other.exceptions = [];
  await other.goto(`${hub.origin}/healthz`);
  assert.equal(await openSources(other, 6), 6);
  await button(console, "Connect").click();
  await state(console, "Connecting");
  await notice(console).getByText("This stream seems to wait for a connection.").waitFor();
  await notice(console).getByText("--tls-listen").waitFor();
  await state(console, "Connecting");
  await screenshot(console, "limit_waiting.png");
  await other.evaluate(() => window.sources[0].close());
  await state(console, "Open");
  assert.equal(await isShown(console), false);
  await close([console, other]);
});

test("HTTP/1.1: consoles say that none is left when six of them have a stream, the idle ones too", async () => {
  const pages = await tabs(hub.origin, "/", 7);
  for (const page of pages.slice(0, 6)) {
    assert.equal(await isShown(pages[6]), false);
    await button(page, "Connect").click();
    await state(page, "Open");
  }
  for (const page of pages) await notice(page).getByText("6 streams are open, so no connection is left.").waitFor();
  await screenshot(pages[0], "limit_full.png");
  await button(pages[6], "Connect").click();
  await notice(pages[6]).getByText("This stream seems to wait for a connection.").waitFor();
  await button(pages[0], "Disconnect").click();
  await state(pages[6], "Open");
  await button(pages[1], "Disconnect").click();
  for (const page of pages) await notice(page).waitFor({ state: "hidden" });
  await pages[2].close(); // a tab that goes has no stream either
  pages.splice(2, 1);
  await button(pages[0], "Connect").click();
  await state(pages[0], "Open");
  for (const page of pages) assert.equal(await isShown(page), false);
  await close(pages);
});

test("HTTP/2: eight consoles have a stream each, and nothing to say", async () => {
  const pages = await tabs(overTls, "/", 8);
  for (const page of pages) {
    await button(page, "Connect").click();
    await state(page, "Open");
  }
  await pages[0].waitForTimeout(3_500); // as long as a stream that waits would take to say so
  for (const page of pages) assert.equal(await isShown(page), false);
  await close(pages);
});
