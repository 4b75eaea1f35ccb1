// The real program as a test needs it: a hub on a port of its own, which can be killed and started again, curl to
// publish with, and a relay whose connections can be cut. It reads no page (page.mjs).
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { promisify } from "node:util";

const kPath = "/.well-known/mercure";
const kKey = "a key of this test alone, longer than the 32 bytes of HS256";

// A token that may publish and subscribe to everything.
export function token() {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part({ mercure: { publish: ["*"], subscribe: ["*"] } })}`;
  return `${text}.${createHmac("sha256", kKey).update(text).digest("base64url")}`;
}

export async function listening(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server.address().port;
}

export async function freePort() {
  const server = createServer();
  const port = await listening(server);
  server.close();
  await once(server, "close");
  return port;
}

export class Hub {
  #process;
  #port;
  #options;
  #environment;

  // Starts FANFARE_PROGRAM, with these options and variables besides. Anybody may subscribe; publishing takes token().
  // log: the options that tell where events are kept.
  static async start(options = [], environment = {}, log = ["--log", "memory"]) {
    const hub = new Hub();
    hub.#options = [...log, ...options];
    hub.#environment = environment;
    hub.#port = await freePort();
    await hub.restart();
    return hub;
  }

  get origin() {
    return `http://127.0.0.1:${this.#port}`;
  }

  // The hub's URL at a host that resolves to this machine.
  urlAt(host) {
    return `http://${host}:${this.#port}${kPath}`;
  }

  // Starts it again on the same port; a log in memory is empty then. Returns when it accepts.
  async restart() {
    const program = process.env.FANFARE_PROGRAM;
    assert.ok(program, "FANFARE_PROGRAM must be the path of the program");
    const args = ["serve", "--listen", `127.0.0.1:${this.#port}`, "--anonymous", ...this.#options];
    const env = { PATH: process.env.PATH, MERCURE_PUBLISHER_JWT_KEY: kKey, MERCURE_SUBSCRIBER_JWT_KEY: kKey, ...this.#environment };
    this.#process = spawn(program, args, { env, stdio: "ignore" });
    for (let tries = 0; tries < 200; tries++) {
      const answer = await fetch(`${this.origin}/healthz`).catch(() => null);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error("the hub did not become ready");
  }

  // kill -9
  async kill() {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill("SIGKILL");
    await once(this.#process, "exit");
  }

  // SIGTERM: streams are ended cleanly. Returns when it has exited.
  async stop() {
    this.#process.kill("SIGTERM");
    const [status] = await once(this.#process, "exit");
    assert.equal(status, 0);
  }

  // Publishes by curl; returns the id that the hub answered. fields: data, type, id, retry, private.
  async publish(topic, fields) {
    const args = ["--silent", "--fail-with-body", "--header", `Authorization: Bearer ${token()}`];
    for (const [name, value] of Object.entries({ topic, ...fields })) args.push("--data-urlencode", `${name}=${value}`);
    return (await promisify(execFile)("curl", [...args, this.origin + kPath])).stdout.trim();
  }

  // Publishes these in one request, as lines of JSON: { topics, data, private … }.
  async publishAll(updates) {
    const headers = { Authorization: `Bearer ${token()}`, "Content-Type": "application/x-ndjson" };
    const body = updates.map((update) => JSON.stringify(update)).join("\n");
    const answer = await fetch(this.origin + kPath, { method: "POST", headers, body });
    assert.equal(answer.status, 200, await answer.text());
  }

  // The value of a line of /metrics.
  async metric(name) {
    const lines = (await (await fetch(`${this.origin}/metrics`)).text()).split("\n");
    const line = lines.find((each) => each.startsWith(`${name} `));
    assert.ok(line, `no metric ${name}`);
    return Number(line.slice(name.length + 1));
  }

  // Another address of the same hub, whose connections can be cut: { origin, cut(), accept(), close() }. After cut(),
  // it refuses until accept().
  async relay() {
    const sockets = new Set();
    let refuses = false;
    const server = createServer((near) => {
      if (refuses) return near.destroy();
      const far = connect(this.#port, "127.0.0.1");
      for (const [from, to] of [[near, far], [far, near]]) {
        sockets.add(from);
        from.pipe(to);
        from.on("error", () => to.destroy());
        from.on("close", () => (sockets.delete(from), to.destroy()));
      }
    });
    const port = await listening(server);
    const cut = () => {
      refuses = true;
      for (const socket of sockets) socket.destroy();
    };
    const accept = () => (refuses = false);
    return { origin: `http://127.0.0.1:${port}`, cut, accept, close: () => (cut(), server.close()) };
  }
}
