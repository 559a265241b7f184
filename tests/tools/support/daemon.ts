import { spawn } from "node:child_process";

import { onTestFinished, vi } from "vitest";

const START_MS = 60_000;
const ANSWER_MS = 3_000;
const LAST_WORDS = 2_000;

/**
 * Starts a program that keeps running, waits until `ready` answers with success, and ends it with the test.
 *
 * @param input what it reads from standard input, which stays open.
 * @throws with the end of what it wrote when it ends by itself or is not ready in a minute.
 */
export async function start(
  binary: string,
  commandArguments: readonly string[],
  ready: string,
  input = "",
): Promise<void> {
  const child = spawn(binary, commandArguments, { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => {}).write(input);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output = (output + text).slice(-LAST_WORDS)));
  }
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code) => resolve(`it ended with ${code}`));
  });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const failed = ended.then((why) => Promise.reject(new Error(why)));
  const answers = vi.waitFor(() => get(ready), { timeout: START_MS, interval: 100 });
  await Promise.race([answers, failed]).catch((error: Error) => {
    throw new Error(`${binary} does not answer at ${ready}: ${error.message}\n${output}`);
  });
  // From here on the end of the program is expected.
  failed.catch(() => {});
}

/** The text at an address, for an answer of success. */
export async function get(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answers ${response.status}: ${text}`);
  return text;
}

/** Sends JSON, for an answer of success. */
export async function post(url: string, body: unknown): Promise<void> {
  const headers = { "content-type": "application/json" };
  const signal = AbortSignal.timeout(ANSWER_MS);
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body), signal });
  if (!response.ok) throw new Error(`${url} answers ${response.status}: ${await response.text()}`);
}
