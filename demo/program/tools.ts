import { SpanKind } from "@opentelemetry/api";
import type { Redis } from "ioredis";
import type { Pool } from "pg";
import { setTimeout as sleep } from "node:timers/promises";
import type { Registry } from "prom-client";

import type { Orders } from "../orders";
import type { Environment } from "./environment";
import type { Random } from "./random";
import type { Task } from "./telemetry";

/** What a service works with. */
export interface Tools {
  readonly environment: Environment;
  readonly registry: Registry;
  readonly random: Random;
  readonly redis: Redis;
  readonly postgres: Pool;
  /** The orders that hold now. */
  readonly orders: () => Orders;
}

const CALL_TIMEOUT_MS = 15_000;

/** Waits about that many seconds, as real work would take. */
export async function work({ random }: Tools, seconds: number): Promise<void> {
  await sleep(1_000 * random.around(seconds));
}

/** Calls another service within a task, and gives the status it answered with; 503 when it does not answer. */
export async function call(tools: Tools, task: Task, method: string, service: string, path: string): Promise<number> {
  const { orders, environment } = tools;
  if (orders().idle.includes(service)) return 204;
  const attributes = { "http.request.method": method, "server.address": service, "url.path": path };
  const answer = await task.part(`${method} ${service}`, SpanKind.CLIENT, attributes, async (part) => {
    try {
      const response = await fetch(`http://${environment.peers[service]}${path}`, {
        method,
        headers: part.headers(),
        signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
      });
      await response.arrayBuffer();
      part.set("http.response.status_code", response.status);
      return { status: response.status };
    } catch (error) {
      return { status: 503, error };
    }
  });
  if (answer.status >= 500) {
    task.log("error", `${service} answered ${answer.status}`, { peer: service, path, error: reason(answer.error) });
  }
  return answer.status;
}

/** Runs a statement within a task. */
export function query({ postgres }: Tools, task: Task, statement: string): Promise<void> {
  const attributes = { "db.system.name": "postgresql", "db.query.text": statement };
  return task.part("postgres", SpanKind.CLIENT, attributes, async () => void (await postgres.query(statement)));
}

/** Whether the cache had the key; if not, it has now. */
export function cached({ redis }: Tools, task: Task, key: string): Promise<boolean> {
  return task.part("redis", SpanKind.CLIENT, { "db.system.name": "redis" }, async () => {
    if ((await redis.get(key)) !== null) return true;
    await redis.set(key, "x".repeat(200), "EX", 30);
    return false;
  });
}

function reason(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  const { cause, message } = error as Error;
  return cause instanceof Error ? cause.message : message;
}
