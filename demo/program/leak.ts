import { spawn, type ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import type { Tools } from "./tools";

/** The argument that makes this program a worker that leaks. */
export const LEAK = "leak";

const POLL_MS = 1_000;
const CHUNK_BYTES = 4 * 2 ** 20;
const BETWEEN_CHUNKS_MS = 150;
/** A worker that was ended is started again after a while, as a process manager does it. */
const RESTART_MS = 20_000;

/** Keeps a leaking worker process while the orders name this service. The kernel ends the worker, not the service. */
export async function keepWorker(tools: Tools): Promise<never> {
  let worker: ChildProcess | undefined;
  for (;;) {
    await sleep(POLL_MS);
    const wanted = tools.orders().leaking.includes(tools.environment.role);
    if (wanted && worker === undefined) {
      const started = spawn(process.execPath, [process.argv[1] as string, LEAK], { stdio: "inherit" });
      worker = started;
      started.once("exit", () => setTimeout(() => (worker = undefined), RESTART_MS));
    }
    if (!wanted) worker?.kill();
  }
}

/** What the worker does: takes memory that it never gives back. */
export async function leak(): Promise<never> {
  // So that the kernel chooses this process.
  writeFileSync("/proc/self/oom_score_adj", "1000");
  const held: Buffer[] = [];
  for (;;) {
    held.push(Buffer.alloc(CHUNK_BYTES, held.length + 1));
    await sleep(BETWEEN_CHUNKS_MS);
  }
}
