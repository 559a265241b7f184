import { setTimeout as sleep } from "node:timers/promises";

import { Redis } from "ioredis";
import { Pool } from "pg";
import { Registry } from "prom-client";

import { HEALTHY, ORDERS_KEY, type Orders } from "../orders";
import { readEnvironment } from "./environment";
import { keepWorker, leak, LEAK } from "./leak";
import { Random } from "./random";
import { ROLES } from "./roles";
import { trouble } from "./rogue-client";
import { serve } from "./server";
import { startTracing } from "./telemetry";
import type { Tools } from "./tools";
import { visit } from "./visitors";

const POLL_MS = 1_000;

/** What runs in every container of the simulated platform: one of the services, or their visitors. */
async function main(): Promise<void> {
  if (process.argv[2] === LEAK) return leak();
  // The engine asks once and waits; nothing here needs to be put in order first.
  process.once("SIGTERM", () => process.exit(0));
  const environment = readEnvironment();
  let orders: Orders = HEALTHY;
  const tools: Tools = {
    environment,
    registry: new Registry(),
    random: new Random(`${environment.seed}:${environment.role}`),
    redis: new Redis(environment.redisUrl).on("error", (error: Error) => complain("redis", error)),
    postgres: new Pool({ connectionString: environment.postgresUrl, max: 3, idleTimeoutMillis: 0 }).on(
      "error",
      (error) => complain("postgres", error),
    ),
    orders: () => orders,
  };
  startTracing(environment.role, environment.otlpUrl);
  const role = ROLES[environment.role];
  const duties = role ? [keepWorker(tools)] : [visit(tools), trouble(tools)];
  if (role) serve(tools, role(tools));
  const follow = async () => {
    for (;;) {
      const text = await tools.redis.get(ORDERS_KEY);
      if (text !== null) orders = JSON.parse(text) as Orders;
      await sleep(POLL_MS);
    }
  };
  await Promise.all([follow(), ...duties]);
}

function complain(peer: string, error: Error): void {
  console.log(JSON.stringify({ time: new Date().toISOString(), level: "error", message: error.message, peer }));
}

void main();
