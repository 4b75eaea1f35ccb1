// The console as a page, in Chromium, against the real program: links, the list, keyboard, names and roles, colours.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";

import { Hub, token } from "./hub.mjs";
import { button, close, launch, openConsole, rows, state } from "./page.mjs";

const kTopic = "https://example.com/books/1";

let hub, browser;
before(async () => ([hub, browser] = await Promise.all([Hub.start(), launch()])));
after(async () => {
  await browser?.close();
  await hub?.kill();
});

const open = (address, options) => openConsole(browser, hub.origin, address, options);

test("serves each file whole, tagged by its hash, under a policy that forbids inline code", async () => {
  const page = await open("/");
  const resources = () => performance.getEntriesByType("resource").map((entry) => new URL(entry.name).pathname);
  const paths = await page.evaluate(resources);
  assert.ok(paths.length >= 10, paths.join());
  for (const path of ["/", ...paths]) {
    const answer = await fetch(hub.origin + path, { headers: { "Accept-Encoding": "identity" } });
    const hash = createHash("sha256").update(Buffer.from(await answer.arrayBuffer())).digest("hex");
    assert.equal(answer.headers.get("ETag"), `"${hash.slice(0, 32)}"`, path);
    assert.match(answer.headers.get("Content-Security-Policy"), /default-src 'self'/);
  }
  await close(page);
});

test("takes the development token out of the address, keeps it for the tab and connects", async () => {
  const page = await open(`/#token=${token()}`);
  await state(page, "Open");
  assert.equal(page.url(), `${hub.origin}/`);
  await page.reload();
  assert.equal(await page.getByLabel("Publisher token").inputValue(), token());
  await button(page, "Publish").click();
  await page.getByText("Published as").waitFor();
  await close(page);
});

test("a link with topics subscribes to them", async () => {
  const page = await open(`/?topic=${encodeURIComponent(kTopic)}&topic=https://example.com/a/%7Bid%7D`);
  await state(page, "Open");
  const chips = page.getByRole("list", { name: "Topics of this subscription" }).getByRole("listitem");
  assert.deepEqual(await chips.allTextContents(), [`${kTopic}exact×`, "https://example.com/a/{id}template×"]);
  await close(page);
});

test("the keyboard is enough: add a topic, connect, read an event, publish", async () => {
  const page = await open("/");
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.ariaLabel);
  const tabTo = async (id) => {
    for (let i = 0; i < 20 && (await focused()) !== id; i++) await press("Tab");
    assert.equal(await focused(), id);
  };
  await tabTo("topic-input");
  await press("Backspace"); // the chip before an empty field
  await page.keyboard.type(kTopic);
  await press("Enter");
  await tabTo("connect");
  await press("Enter");
  await state(page, "Open");
  await tabTo("publish-token");
  await page.keyboard.type(token());
  for (const id of ["one", "two"]) {
    await press("Control+Enter");
    await page.getByText("Published as").waitFor();
    await rows(page).nth(id === "one" ? 0 : 1).waitFor();
  }
  await tabTo("clear");
  await press("Tab", "ArrowDown", "Enter");
  const heads = page.locator(".event-head");
  assert.equal(await heads.nth(0).getAttribute("aria-expanded"), "false");
  assert.equal(await heads.nth(1).getAttribute("aria-expanded"), "true");
  await press("Home");
  assert.equal(await heads.nth(0).evaluate((head) => head === document.activeElement), true);
  await close(page);
});

test("the list pauses, filters, expands, clears, and keeps the last 500", async () => {
  const page = await open(`/?topic=${kTopic}`);
  await state(page, "Open");
  // Five at a time, as the browser has six connections for a host.
  const publish = (from, to) =>
    page.evaluate(
      async ([authorization, topic, first, end]) => {
        const post = (i) => {
          const body = new URLSearchParams({ topic, data: `number ${i}.` });
          return fetch("/.well-known/mercure", { method: "POST", headers: { Authorization: authorization }, body });
        };
        for (let i = first; i < end; i += 5) {
          await Promise.all(Array.from({ length: Math.min(5, end - i) }, (_, j) => post(i + j)));
        }
      },
      [`Bearer ${token()}`, kTopic, from, to],
    );
  await publish(0, 3);
  await rows(page).nth(2).waitFor();
  await button(page, "Pause").click();
  await publish(3, 5);
  await button(page, "Resume (2 new)").click();
  await rows(page).nth(4).waitFor();
  await page.getByLabel("Filter events").fill("NUMBER 3");
  assert.equal(await rows(page).and(page.locator(":visible")).count(), 1);
  assert.equal(await page.locator("#summary").textContent(), "5 events, 4 hidden by the filter");
  await page.getByLabel("Filter events").fill("");
  await button(page, "Expand all").click();
  assert.equal(await page.getByRole("group", { name: "Data" }).count(), 5);
  await button(page, "Expand all").click();
  await publish(5, 510);
  await page.getByText("510 events, the last 500 kept").waitFor();
  assert.equal(await rows(page).count(), 500);
  assert.equal(await rows(page, "number 9.").count(), 0);
  assert.equal(await rows(page, "number 10.").count(), 1);
  await button(page, "Clear").click();
  assert.equal(await rows(page).count(), 0);
  await page.getByText("Nothing has arrived yet.").waitFor();
  await close(page);
});

// Everything that a person can operate or that carries meaning, without a name; runs in the page.
function namelessElements() {
  const name = (element) =>
    element.getAttribute("aria-label") ||
    element.labels?.[0]?.textContent.trim() ||
    (element.matches("button, summary, a") && element.textContent.trim());
  const operable = [...document.querySelectorAll("button, input, select, textarea, summary, a, svg[role=img], ol, ul")];
  const nameless = operable.filter((element) => !name(element)).map((element) => element.outerHTML);
  const images = [...document.querySelectorAll("img:not([alt])")].map((element) => element.outerHTML);
  const referring = [...document.querySelectorAll("[aria-labelledby], [aria-controls], [aria-describedby], [for]")];
  const dangling = referring.filter((element) =>
    ["aria-labelledby", "aria-controls", "aria-describedby", "for"].some(
      (attribute) => element.hasAttribute(attribute) && !document.getElementById(element.getAttribute(attribute)),
    ),
  );
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  const repeated = ids.filter((id, i) => ids.indexOf(id) !== i);
  return [...nameless, ...images, ...dangling.map((element) => element.outerHTML), ...repeated];
}

// Texts with less than 4.5:1 against what is behind them; runs in the page.
function faintTexts() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = ([r, g, b]) => {
    const linear = [r, g, b].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = rgba(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
    }
    return rgba("white");
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    const [a, b] = [light(rgba(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faint.push(`${ratio.toFixed(2)}: ${element.className} ${walker.currentNode.data.trim()}`);
  }
  return faint;
}

// One event of each colour, one open, a message of each kind.
async function fill(page) {
  await state(page, "Open");
  for (const type of ["message", "a", "b", "c", "d", "e", "f"]) {
    await hub.publish(kTopic, { type, data: '{"text":"x","number":1,"word":null}' });
  }
  await rows(page).nth(6).waitFor();
  await rows(page).first().getByRole("button").click();
  await button(page, "Publish").click();
  await page.locator("#answer.bad").waitFor();
}

const kPages = { light: "rgb(243, 245, 249)", dark: "rgb(14, 18, 27)" };
for (const [colorScheme, background] of Object.entries(kPages)) {
  test(`${colorScheme}: everything has a name, and every text enough contrast`, async () => {
    const page = await open("/?topic=*", { colorScheme });
    await fill(page);
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), background);
    assert.deepEqual(await page.evaluate(namelessElements), []);
    assert.deepEqual(await page.evaluate(faintTexts), []);
    assert.equal(await page.getByRole("heading", { level: 1 }).count(), 1);
    assert.equal(await page.getByRole("main").count(), 1);
    await close(page, /status of 40[13]/);
  });
}

test("the theme button goes from the system's to light to dark, and is remembered", async () => {
  const page = await open("/", { colorScheme: "dark" });
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(await background(), kPages.dark);
  await button(page, "Theme: system").click();
  assert.equal(await background(), kPages.light);
  await page.reload();
  assert.equal(await background(), kPages.light);
  await button(page, "Theme: light").click();
  assert.equal(await background(), kPages.dark);
  await button(page, "Theme: dark").click();
  await button(page, "Theme: system").waitFor();
  await close(page);
});

test("fits a telephone without scrolling sideways", async () => {
  const page = await open("/?topic=*", { viewport: { width: 360, height: 780 } });
  await state(page, "Open");
  await hub.publish(`https://example.com/${"long/".repeat(40)}`, { data: "x".repeat(500), type: "t".repeat(60) });
  await rows(page).getByRole("button").first().click();
  const overflow = () =>
    page.evaluate(() => {
      const boxes = [...document.querySelectorAll("section, details, form, input, button, p, li, dl, dd, pre")];
      const right = Math.max(...boxes.map((box) => box.getBoundingClientRect().right));
      return Math.max(right, document.documentElement.scrollWidth) - innerWidth;
    });
  assert.ok((await overflow()) <= 0, `${await overflow()} px`);
  await page.setViewportSize({ width: 1280, height: 800 });
  assert.ok((await overflow()) <= 0, `${await overflow()} px`);
  await close(page);
});
