// The console's JSON printer: from tokens, so that nothing of the text is lost.
import assert from "node:assert/strict";
import { test } from "node:test";

import { indent, tokenize } from "../../fanfare/console/web/json_view.js";

const pretty = (text) => indent(tokenize(text)).map((token) => token.text).join("");

const kValues = [
  {},
  [],
  [[], {}, [{}]],
  { a: 1, b: [true, false, null], c: { d: "x" } },
  { 'quo"te': "\\\\\"{[,:]}", "": "\n\u2028 é🎺" },
  [-0.5, 1e300, 1.5e-7, 0],
  "text",
  42,
  null,
];

test("prints as JSON.stringify does", () => {
  for (const value of kValues) {
    assert.equal(pretty(JSON.stringify(value)), JSON.stringify(value, null, 2));
    assert.equal(pretty(JSON.stringify(value, null, 7)), JSON.stringify(value, null, 2));
  }
});

test("keeps long numbers, repeated keys and their order", () => {
  const text = '{"b":12345678901234567890,"a":1.10,"b":-1E+2}';
  assert.equal(pretty(text), '{\n  "b": 12345678901234567890,\n  "a": 1.10,\n  "b": -1E+2\n}');
});

test("tells keys, strings, numbers and words apart", () => {
  const kinds = tokenize('{"k":"s","n":[1,true,null]}').map((token) => token.kind).filter((kind) => kind !== "mark");
  assert.deepEqual(kinds, ["key", "string", "key", "number", "word", "word"]);
});

test("takes nothing that is no JSON", () => {
  for (const text of ["", "10 0 4", "{a:1}", "[1,]", '"open', "NaN"]) assert.equal(tokenize(text), null, text);
});

test("reads a string of a megabyte", () => {
  const text = JSON.stringify({ long: 'a"\\'.repeat(350_000) });
  assert.equal(pretty(text), JSON.stringify(JSON.parse(text), null, 2));
});
