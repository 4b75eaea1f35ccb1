// The console in Debian's Chromium: starting it, and finding things on the page as a person would, by role and name.
import assert from "node:assert/strict";

import { chromium } from "playwright-core";

const kArguments = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

export function launch() {
  return chromium.launch({ executablePath: "/usr/bin/chromium", args: kArguments });
}

// A console of its own storage. options: as Browser.newContext() takes them. page.faults collects what must not happen:
// messages on the browser's console, exceptions, requests to other origins.
export async function openConsole(browser, origin, address = "/", options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  page.faults = [];
  page.on("console", (message) => message.type() !== "log" && page.faults.push(message.text()));
  page.on("pageerror", (error) => page.faults.push(String(error)));
  page.on("request", (request) => request.url().startsWith(origin) || page.faults.push(`request to ${request.url()}`));
  await page.goto(origin + address);
  return page;
}

// Waits until the state of the connection reads so.
export function state(page, words) {
  return page.locator("#state-words", { hasText: new RegExp(`^${words}$`) }).waitFor();
}

// The rows of the list that hold the text, newest first.
export function rows(page, text = "") {
  return page.getByRole("list", { name: "Events" }).getByRole("listitem").filter({ hasText: text });
}

export function button(page, name) {
  return page.getByRole("button", { name, exact: true });
}

export async function addTopic(page, topic) {
  await page.getByLabel("Topics", { exact: true }).fill(topic);
  await button(page, "Add").click();
}

// Closes the page; fails if anything went wrong on it that nobody expected.
export async function close(page, expected = /^$/) {
  await page.context().close();
  assert.deepEqual(page.faults.filter((fault) => !expected.test(fault)), []);
}
