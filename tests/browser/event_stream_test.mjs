// The console's own parser of text/event-stream: a table of bytes and meanings, replayed at every split.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { EventStreamParser } from "../../fanfare/console/web/event_stream.js";

// What a parser makes of pieces of bytes.
function parse(pieces, lastEventId = "") {
  const seen = { events: [], comments: [], retries: [] };
  const parser = new EventStreamParser(
    {
      event: ({ type, data, id }) => seen.events.push([type, data, id]),
      comment: (text) => seen.comments.push(text),
      retry: (ms) => seen.retries.push(ms),
    },
    lastEventId,
  );
  for (const piece of pieces) parser.feed(piece);
  return { ...seen, lastEventId: parser.lastEventId };
}

function* chunkings(bytes) {
  yield [bytes];
  yield Array.from(bytes, (byte) => Uint8Array.of(byte));
  for (let at = 0; at <= bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)];
}

const message = (data, id = "") => ["message", data, id];

const kCases = {
  "one line of data": ["data: a\n\n", [message("a")]],
  "one space after the colon goes": ["data:  a\n\ndata:b\n\n", [message(" a"), message("b")]],
  "CR, LF and CRLF mix": ["data: a\rdata: b\r\ndata: c\n\r\n", [message("a\nb\nc")]],
  "a CR ends the line at once": ["data: a\r\r", [message("a")]],
  "one byte order mark goes": ["\ufeffdata: a\n\n", [message("a")]],
  "a second byte order mark is data": ["\ufeff\ufeffdata: a\n\n", []],
  "a line without a colon is a field": ["data\n\ndata\ndata\n\n", [message(""), message("\n")]],
  "no data, no event, and the type is forgotten": ["event: x\n\ndata: a\n\n", [message("a")]],
  "a type lasts for one event": ["event: x\ndata: a\n\ndata: b\n\n", [["x", "a", ""], message("b")]],
  "an empty type is message": ["event:\ndata: a\n\n", [message("a")]],
  "an id without data still counts": ["id: 7\n\ndata: a\n\n", [message("a", "7")]],
  "an id can be emptied": ["id: 7\ndata: a\n\nid\ndata: b\n\n", [message("a", "7"), message("b")]],
  "an id with NUL is ignored": ["id: 7\n\nid: 8\0\ndata: a\n\n", [message("a", "7")]],
  "unknown fields and wrong case are ignored": ["DATA: a\nx: y\ndata: b\n\n", [message("b")]],
  "an unfinished event is discarded": ["data: a\n\ndata: b\n", [message("a")]],
  "UTF-8 in pieces": ["data: é€🎺\n\n", [message("é€🎺")]],
};

for (const [name, [text, events]] of Object.entries(kCases)) {
  test(`parser: ${name}`, () => {
    for (const pieces of chunkings(new TextEncoder().encode(text))) assert.deepEqual(parse(pieces).events, events);
  });
}

test("parser: shows comments and retry, and takes digits only", () => {
  const text = ": beat\n:\nretry: 03000\nretry: 10x\nretry:\nretry: 5\n";
  for (const pieces of chunkings(new TextEncoder().encode(text))) {
    const { comments, retries } = parse(pieces);
    assert.deepEqual([comments, retries], [[" beat", ""], [3000, 5]]);
  }
});

test("parser: keeps the last event id of the connection before", () => {
  assert.deepEqual(parse([Buffer.from("data: a\n\n")], "41").events, [message("a", "41")]);
  assert.equal(parse([Buffer.from("id: 42\n")], "41").lastEventId, "41");
});

test("parser: replaces what is no UTF-8", () => {
  assert.deepEqual(parse([Buffer.from("data: \xff\n\n", "latin1")]).events, [message("\ufffd")]);
});

test("parser: a long line in small pieces costs no more than linear time", () => {
  const cost = (bytes) => {
    const pieces = Array.from({ length: bytes / 4 }, () => Buffer.from("aaaa"));
    const begin = performance.now();
    const { events } = parse([Buffer.from("data:"), ...pieces, Buffer.from("\n\n")]);
    assert.equal(events[0][1].length, bytes);
    return performance.now() - begin;
  };
  cost(1 << 16);
  assert.ok(cost(1 << 19) < 40 * (cost(1 << 16) + 5), "eight times the bytes took more than forty times as long");
});

// The web-platform-tests as data, where they are at hand.
const kConformance = new URL("../../../shared/conformance/", import.meta.url);

function* conformanceBodies() {
  if (!existsSync(kConformance)) return;
  for (const file of readdirSync(kConformance).filter((name) => name.endsWith(".json"))) {
    const { meta: _, ...groups } = JSON.parse(readFileSync(new URL(file, kConformance)));
    for (const { id, server, parser_view: views } of Object.values(groups).flat()) {
      if (views) yield { id, views, connections: server.connections };
    }
  }
}

for (const { id, views, connections } of conformanceBodies()) {
  test(`parser: ${id}`, (context) => {
    if (connections.some(({ body }) => typeof body !== "string")) return context.skip("a body that is not plain bytes");
    let lastEventId = "";
    views.forEach((view, i) => {
      if (!view) return; // that connection answers with no stream
      const events = view.events.map((event) => [event.type, event.data, event.lastEventId]);
      for (const pieces of chunkings(Buffer.from(connections[i].body, "latin1"))) {
        const seen = parse(pieces, lastEventId);
        assert.deepEqual([seen.events, seen.lastEventId], [events, view.last_event_id_after]);
      }
      lastEventId = view.last_event_id_after;
    });
  });
}
