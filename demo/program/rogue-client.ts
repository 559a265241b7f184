import { setTimeout as sleep } from "node:timers/promises";

import { Client } from "pg";

import type { Tools } from "./tools";

/**
 * Connections of all clients together that it sees to: more than 95 of the 100 that the database gives, and a few less
 * than all, so that the exporter still gets in and tells of it.
 */
const CONNECTIONS = 96;

const POLL_MS = 1_000;
const BETWEEN_DEADLOCKS_MS = 4_000;

/** A reporting tool gone wrong: it takes the database's connections, keeps a transaction open, and deadlocks with itself. */
export async function trouble(tools: Tools): Promise<never> {
  const taken: Client[] = [];
  for (;;) {
    await sleep(POLL_MS);
    try {
      if (tools.orders().databaseTrouble) await annoy(tools, taken);
      else await Promise.all(taken.splice(0).map((client) => client.end()));
    } catch {
      // Refused, because the services were faster: it tries again.
    }
  }
}

async function annoy(tools: Tools, taken: Client[]): Promise<void> {
  while (taken.length < 3) await connect(tools, taken);
  const [holder, left, right] = taken as [Client, Client, Client];
  await holder.query("BEGIN; SELECT 1");
  while (tools.orders().databaseTrouble) {
    const statement = "SELECT count(*)::int AS open FROM pg_stat_activity WHERE backend_type = 'client backend'";
    const { rows } = await left.query<{ open: number }>(statement);
    const missing = CONNECTIONS - (rows[0]?.open ?? 0);
    for (let made = 0; made < missing; made += 1) await connect(tools, taken);
    if (missing < 0) await taken.pop()?.end();
    await deadlock(left, right);
    await sleep(BETWEEN_DEADLOCKS_MS);
  }
}

async function connect(tools: Tools, taken: Client[]): Promise<void> {
  const client = new Client({ connectionString: tools.environment.postgresUrl });
  client.on("error", () => {});
  await client.connect();
  taken.push(client);
}

/** Two transactions, each of which waits for what the other holds, until the database ends one of them. */
async function deadlock(left: Client, right: Client): Promise<void> {
  const lock = (client: Client, row: string) => client.query(`UPDATE accounts SET seen = now() WHERE name = '${row}'`);
  const pair = [left, right];
  await Promise.all(pair.map((client) => client.query("BEGIN")));
  await Promise.all([lock(left, "left"), lock(right, "right")]);
  await Promise.allSettled([lock(left, "right"), lock(right, "left")]);
  await Promise.all(pair.map((client) => client.query("ROLLBACK")));
}
