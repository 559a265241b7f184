import { setTimeout as sleep } from "node:timers/promises";

import { Task } from "./telemetry";
import { call, type Tools } from "./tools";

/** Visits a second at rate 1. */
const VISITS_PER_SECOND = 6;

type Visit = readonly [service: string, method: string, path: string];

/** What visitors do, with how often they do it. */
const VISITS: Readonly<Record<string, { readonly weight: number; readonly to: Visit }>> = {
  page: { weight: 25, to: ["frontend", "GET", "/"] },
  tables: { weight: 20, to: ["frontend", "GET", "/tables"] },
  records: { weight: 20, to: ["api-gateway", "GET", "/api/tables"] },
  login: { weight: 10, to: ["api-gateway", "POST", "/api/login"] },
  workflow: { weight: 9, to: ["api-gateway", "POST", "/api/workflows"] },
  file: { weight: 6, to: ["api-gateway", "POST", "/api/files"] },
  analytics: { weight: 5, to: ["api-gateway", "GET", "/api/analytics"] },
  chat: { weight: 4, to: ["api-gateway", "POST", "/api/chat"] },
  mistyped: { weight: 1, to: ["frontend", "GET", "/tabels"] },
};

const WEIGHTS = Object.fromEntries(Object.entries(VISITS).map(([name, { weight }]) => [name, weight]));

/** Visits for ever, at the pace that the orders tell; and logs in wrongly where they tell that. */
export async function visit(tools: Tools): Promise<never> {
  const [visits] = await Promise.all([
    keepOn(tools, () => VISITS_PER_SECOND * tools.orders().rate, nextVisit),
    keepOn(
      tools,
      () => tools.orders().failedLoginsPerSecond,
      () => ["api-gateway", "POST", "/api/login/unknown"],
    ),
  ]);
  return visits;
}

function nextVisit({ random }: Tools): Visit {
  return (VISITS[random.pick(WEIGHTS)] as { to: Visit }).to;
}

const IDLE_MS = 500;

async function keepOn(tools: Tools, perSecond: () => number, next: (tools: Tools) => Visit): Promise<never> {
  for (;;) {
    const pace = perSecond();
    if (pace <= 0) {
      await sleep(IDLE_MS);
      continue;
    }
    await sleep(1_000 * tools.random.gap(pace));
    void go(tools, next(tools));
  }
}

async function go(tools: Tools, [service, method, path]: Visit): Promise<void> {
  const task = Task.root(`visit ${path}`);
  const status = await call(tools, task, method, service, path);
  task.end(status >= 500 ? `answered ${status}` : undefined);
}
