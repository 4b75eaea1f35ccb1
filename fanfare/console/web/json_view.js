// JSON for people: indented and coloured, from the text itself and not from parsed values, so that long numbers,
// repeated keys and their order stay as they were sent. Text that is no JSON stays as it is.

const kColouredCharsMax = 128 * 1024; // beyond it, one text node: a span per token would stall the page
const kToken = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*|true|false|null|[{}[\],:]/g;

// The tokens of a JSON text: { text, kind }, kind one of key, string, number, word, mark. Null if it is no JSON.
export function tokenize(text) {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  const tokens = [];
  for (const [token] of text.matchAll(kToken)) {
    if (token === ":") tokens.at(-1).kind = "key";
    tokens.push({ text: token, kind: kindOf(token[0]) });
  }
  return tokens;
}

function kindOf(first) {
  if (first === '"') return "string";
  if ("{}[],:".includes(first)) return "mark";
  return "tfn".includes(first) ? "word" : "number";
}

// The same tokens with line breaks and spaces between them.
export function indent(tokens) {
  const spaced = [];
  let depth = 0;
  const newLine = () => spaced.push({ text: "\n" + "  ".repeat(depth), kind: "mark" });
  tokens.forEach((token, i) => {
    const opens = token.text === "{" || token.text === "[";
    const closes = token.text === "}" || token.text === "]";
    const empty = closes && i > 0 && (tokens[i - 1].text === "{" || tokens[i - 1].text === "[");
    if (closes) depth--;
    if (closes && !empty) newLine();
    spaced.push(token);
    if (opens) depth++;
    const next = tokens[i + 1]?.text;
    if (token.text === "," || (opens && next !== "}" && next !== "]")) newLine();
    if (token.text === ":") spaced.push({ text: " ", kind: "mark" });
  });
  return spaced;
}

function fragmentOf(tokens) {
  const fragment = document.createDocumentFragment();
  for (const { text, kind } of tokens) {
    if (kind === "mark") {
      fragment.append(text);
      continue;
    }
    const span = document.createElement("span");
    span.className = `json-${kind}`;
    span.textContent = text;
    fragment.append(span);
  }
  return fragment;
}

// The whole of an event's data, for the open row.
export function fullView(data) {
  const tokens = tokenize(data);
  if (!tokens) return document.createTextNode(data);
  const spaced = indent(tokens);
  if (data.length <= kColouredCharsMax) return fragmentOf(spaced);
  return document.createTextNode(spaced.map((token) => token.text).join(""));
}

// Its beginning on one line, for the closed row.
export function preview(data, charsMax = 240) {
  const tokens = data.length <= kColouredCharsMax ? tokenize(data) : null;
  if (!tokens) return document.createTextNode(data.slice(0, charsMax).replace(/\s+/g, " "));
  const shown = [];
  let chars = 0;
  for (const token of tokens) {
    if (chars >= charsMax) break;
    shown.push({ ...token, text: token.text.slice(0, charsMax) });
    chars += token.text.length;
    if (token.text === ":" || token.text === ",") shown.push({ text: " ", kind: "mark" });
  }
  return fragmentOf(shown);
}
