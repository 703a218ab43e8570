// A real server for the journeys: the binary that PURSER_BIN names, on a fresh SQLite folder, with play money.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PATIENCE = 60_000;

/** Starts it; `api` calls it as the platform does: with JSON, or with the bytes of a file. */
export async function startServer() {
  const binary = process.env.PURSER_BIN;
  if (!binary) throw new Error("PURSER_BIN names no binary; `cargo xtask test` sets it");
  const folder = mkdtempSync(join(tmpdir(), "purser-journey-"));
  const data = join(folder, "data");
  const run = (...args) => execFileSync(binary, [...args, "--data", data], { encoding: "utf8" });
  run("migrate", "--sandbox");
  const key = run("keys", "create", "--name", "journeys", "--scopes", "all,withdrawals:request_without_code");
  const token = /pk_\w+/.exec(key)?.[0];
  if (!token) throw new Error(`no token in: ${key}`);
  const child = spawn(binary, ["serve", "--data", data, "--sandbox", "--listen", "127.0.0.1:0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await new Promise((found, failed) => {
    let said = "";
    const late = setTimeout(() => failed(new Error(`the server says no address: ${said}`)), PATIENCE);
    child.stdout.on("data", (bytes) => {
      said += bytes;
      const address = /listening on (http:\S+)/.exec(said)?.[1];
      if (address) {
        clearTimeout(late);
        found(address);
      }
    });
    child.on("exit", (code) => failed(new Error(`the server ended with ${code}: ${said}`)));
  });
  let number = 0;
  const by = (bearer) => async (method, path, body) => {
    number += 1;
    const file = body instanceof Uint8Array;
    const response = await fetch(url + path, {
      method,
      headers: {
        Authorization: `Bearer ${bearer}`,
        "Idempotency-Key": `journey-${process.pid}-${number}`,
        ...(body === undefined ? {} : { "Content-Type": file ? "application/octet-stream" : "application/json" }),
      },
      body: body === undefined || file ? body : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  };
  const api = by(token);
  /** Somebody at the desk who is signed in, calling as `api` does. */
  const staff = async (login, role) => {
    const password = "a long enough password";
    await api("POST", "/v1/staff", { login, role, password });
    return by((await api("POST", "/v1/staff/sessions", { login, password })).token);
  };
  const stop = async () => {
    const ended = new Promise((done) => child.once("exit", done));
    child.removeAllListeners("exit");
    child.once("exit", () => undefined);
    child.kill("SIGTERM");
    await Promise.race([ended, new Promise((done) => setTimeout(done, 5_000))]);
    if (child.exitCode === null) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  return { url, api, staff, stop };
}
