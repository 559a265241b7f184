import { Counter, Gauge } from "prom-client";

import type { Route } from "../server";
import { query, work, type Tools } from "../tools";

/** People who are at work at the same time. */
export const USERS = 40;

/** Share of logins in which a visitor mistypes. */
const MISTYPED = 0.05;

/** Logins, sessions and analytics. */
export function platformServices(tools: Tools): Route[] {
  const { registry, random } = tools;
  const logins = new Counter({
    name: "auth_attempts_total",
    help: "Logins that were tried, by result.",
    labelNames: ["result"] as const,
    registers: [registry],
  });
  for (const result of ["success", "failure"] as const) logins.inc({ result }, 0);
  const sessions = new Counter({
    name: "user_sessions_total",
    help: "Sessions that began.",
    registers: [registry],
  });
  new Gauge({
    name: "active_users",
    help: "People who did something in the last minutes.",
    registers: [registry],
    collect() {
      this.set(Math.round(USERS * (0.95 + 0.1 * random.next())));
    },
  });
  const login = async (right: boolean): Promise<number> => {
    await work(tools, 0.06);
    logins.inc({ result: right ? "success" : "failure" });
    if (right) sessions.inc();
    return right ? 200 : 401;
  };
  return [
    {
      method: "POST",
      path: "/login",
      handle: async (task) => {
        await query(tools, task, "SELECT name FROM accounts WHERE name = 'visitor'");
        return login(!random.chance(MISTYPED));
      },
    },
    // Nothing is asked of the database for an account that does not exist.
    { method: "POST", path: "/login/unknown", handle: () => login(false) },
    {
      method: "GET",
      path: "/analytics",
      handle: async (task) => {
        await query(tools, task, "SELECT count(*) FROM runs WHERE at > now() - interval '10 minutes'");
        return 200;
      },
    },
  ];
}
