// Subscribing, publishing and reconnecting with the console, in Chromium, against the real program.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Hub, token } from "./hub.mjs";
import { addTopic, button, close, launch, openConsole, rows, state } from "./page.mjs";

const kBook = "https://example.com/books/1";
const kLostConnection = /net::ERR_/; // what Chromium itself logs when a server goes away

let hub, browser;
before(async () => ([hub, browser] = await Promise.all([Hub.start(), launch()])));
after(async () => {
  await browser?.close();
  await hub?.kill();
});

// A page that is subscribed to the topics.
async function subscribed(origin, ...topics) {
  const page = await openConsole(browser, origin, `/?${new URLSearchParams(topics.map((topic) => ["topic", topic]))}`);
  await state(page, "Open");
  return page;
}

test("shows what curl publishes: time, topic, type, id and data", async () => {
  const page = await openConsole(browser, hub.origin);
  await state(page, "Not connected");
  await button(page, "Remove topic *").click();
  await addTopic(page, kBook);
  await button(page, "Connect").click();
  await state(page, "Open");
  await hub.publish("https://example.com/books/2", { data: "another topic" });
  await hub.publish(kBook, { data: "hello", type: "greeting", id: "id-1" });
  await rows(page, "hello").waitFor();
  assert.equal(await rows(page).count(), 1);
  const row = await rows(page).textContent();
  assert.match(row, /^\d\d:\d\d:\d\d\.\d\d\d…?\S*books\/1greetingid-1hello$/);
  assert.equal(await page.locator("#summary").textContent(), "1 event");
  await page.getByText(/^Last heard \d+ s ago$/).waitFor();
  await page.locator("#rate-peak", { hasText: /^1$/ }).waitFor();
  assert.match(await page.getByRole("img").last().getAttribute("aria-label"), /last 60 seconds: now \d, peak 1/);
  await close(page);
});

test("prints JSON over many lines and copies it as it came", async () => {
  const page = await subscribed(hub.origin, "https://example.com/books/{id}", "https://example.com/x");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const data = '{"n":12345678901234567890,"list":[true,null]}';
  await hub.publish(kBook, { data });
  const row = rows(page, "12345678901234567890");
  await row.getByRole("button").first().click();
  const printed = '{\n  "n": 12345678901234567890,\n  "list": [\n    true,\n    null\n  ]\n}';
  assert.equal(await row.getByRole("group", { name: "Data" }).textContent(), printed);
  assert.match(await row.locator("dl").textContent(), /Topicnot in the stream; it matches .*\{id\} or .*Size45 bytes/);
  await button(page, "Copy data").click();
  await button(page, "Copied").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), data);
  await close(page);
});

test("shows many lines of data, markup and any type as they are", async () => {
  const page = await subscribed(hub.origin, "*");
  for (const data of ["<img src=x onerror=alert(1)>\n  indented\n\nlast", '"JSON <b>of</b> one string"']) {
    await hub.publish(kBook, { data, type: "constructor <b>" });
    const row = rows(page, data.slice(-4));
    await row.getByRole("button").first().click();
    assert.equal(await row.getByRole("group", { name: "Data" }).textContent(), data);
    assert.equal(await row.locator("dd.type").textContent(), "constructor <b>");
  }
  await close(page);
});

test("reconnects after kill -9 and says that a log in memory is lost", async () => {
  const page = await subscribed(hub.origin, kBook);
  await hub.publish(kBook, { data: "before the fall" });
  await rows(page, "before the fall").waitFor();
  await hub.kill();
  await state(page, "Reconnecting");
  await page.locator("#countdown", { hasText: /^ in \d+ s$/ }).waitFor();
  await hub.restart();
  await button(page, "Retry now").click();
  await state(page, "Open");
  await hub.publish(kBook, { data: "after the fall" });
  await rows(page, "after the fall").waitFor();
  assert.match(await rows(page).nth(1).textContent(), /Reconnected after \d+\.\d s\. Gap: the hub no longer knows/);
  assert.match(await rows(page).nth(2).textContent(), /before the fall/);
  await close(page, kLostConnection);
});

test("reconnects by itself after a broken connection and resumes with nothing missing", async () => {
  const relay = await hub.relay();
  const page = await subscribed(relay.origin, kBook);
  await hub.publish(kBook, { data: "one", id: "event-one", retry: "300" });
  await rows(page, "one").waitFor();
  relay.cut();
  await state(page, "Reconnecting");
  await hub.publish(kBook, { data: "two" });
  await hub.publish(kBook, { data: "three" });
  relay.accept();
  await rows(page, "three").waitFor();
  const texts = await rows(page).allTextContents();
  assert.equal(texts.length, 4);
  assert.match(texts[0], /three$/);
  assert.match(texts[1], /two$/);
  assert.match(texts[2], /Reconnected after .* Resumed after event event-one: nothing is missing\.$/);
  assert.match(texts[3], /one$/);
  await close(page, kLostConnection);
  relay.close();
});

test("a change of the topics applies at once and goes on after the last event", async () => {
  const page = await subscribed(hub.origin, kBook);
  await hub.publish(kBook, { data: "first", id: "event-first" });
  await rows(page, "first").waitFor();
  await addTopic(page, "https://example.com/authors/{name}");
  await rows(page, "Resumed after event event-first").waitFor();
  await hub.publish("https://example.com/authors/bach", { data: "second" });
  await rows(page, "second").waitFor();
  const shared = new URL(page.url()).searchParams.getAll("topic");
  assert.deepEqual(shared, [kBook, "https://example.com/authors/{name}"]);
  await close(page);
});

test("begins with all stored events when asked", async () => {
  await hub.publish("https://example.com/stored", { data: "kept" });
  const page = await openConsole(browser, hub.origin);
  await page.getByText("History and token").click();
  await page.getByLabel("Begin with").selectOption("all stored events");
  await button(page, "Connect").click();
  await rows(page, "kept").waitFor();
  await close(page);
});

test("disconnects for good", async () => {
  const page = await subscribed(hub.origin, kBook);
  await button(page, "Disconnect").click();
  await state(page, "Not connected");
  await hub.publish(kBook, { data: "unseen" });
  await button(page, "Connect").click();
  await state(page, "Open");
  await hub.publish(kBook, { data: "seen" });
  await rows(page, "seen").waitFor();
  assert.equal(await rows(page, "unseen").count(), 0);
  await close(page);
});

test("a refusal is final, and its reason is shown", async () => {
  const many = new URLSearchParams(Array.from({ length: 101 }, (_, i) => ["topic", `t${i}`]));
  const page = await openConsole(browser, hub.origin, `/?${many}`);
  await state(page, "Closed");
  assert.match(await page.getByRole("alert").textContent(), /^400 Bad Request: .*100/);
  await button(page, "Connect").waitFor();
  await close(page, /status of 400/);
});

test("publishes with the form, all fields, and shows the id", async () => {
  const page = await subscribed(hub.origin, kBook);
  await page.getByLabel("Topic", { exact: true }).fill(kBook);
  await page.getByLabel("Data", { exact: true }).fill("a\nb & c=d é🎺");
  await page.getByLabel("Type", { exact: true }).fill("note");
  await page.getByLabel("Publisher token").fill(token());
  await page.getByText("Id, retry, private").click();
  await page.getByLabel("Id", { exact: true }).fill("my-id");
  await button(page, "Publish").click();
  await page.getByText("Published as my-id").waitFor();
  const row = rows(page, "my-id");
  await row.getByRole("button").first().click();
  assert.equal(await row.getByRole("group", { name: "Data" }).textContent(), "a\nb & c=d é🎺");
  assert.equal(await row.locator("dd.type").textContent(), "note");
  await close(page);
});

test("a private update reaches only those whose token allows it", async () => {
  const page = await subscribed(hub.origin, kBook);
  await page.getByLabel("Publisher token").fill(token());
  await page.getByText("Id, retry, private").click();
  await page.getByRole("checkbox", { name: /^Private/ }).check();
  await page.getByLabel("Data", { exact: true }).fill("secret");
  await button(page, "Publish").click();
  await page.getByText("Published as").waitFor();
  await hub.publish(kBook, { data: "public" });
  await rows(page, "public").waitFor();
  assert.equal(await rows(page, "secret").count(), 0);
  await button(page, "Disconnect").click();
  await page.getByText("History and token").click();
  await page.getByLabel("Subscriber token").fill(token());
  await button(page, "Connect").click();
  await state(page, "Open");
  await button(page, "Publish").click();
  await rows(page, "secret").waitFor();
  await close(page);
});

test("shows why the hub refuses an update", async () => {
  const page = await openConsole(browser, hub.origin);
  await button(page, "Publish").click();
  await page.locator("#answer.bad", { hasText: /^40[13] / }).waitFor();
  await page.getByLabel("Publisher token").fill(token());
  await page.getByText("Id, retry, private").click();
  await page.getByLabel("Retry").fill("soon");
  await button(page, "Publish").click();
  await page.locator("#answer.bad", { hasText: /^400 Bad Request: .*retry/i }).waitFor();
  await close(page, /status of 40[013]/);
});
