import { Counter, Gauge } from "prom-client";

import type { Route } from "../server";
import { cached, call, work, type Tools } from "../tools";

const MCP_TOOLS = { list_records: 5, create_record: 2, search: 3 } as const;

const TABLES = 40;

/** What Airtable allows a workspace in a month, and the share of it that would be used by the month's end. */
const QUOTA = 100_000;
const USED_BY_THE_END = 0.6;

/** Tools that models call. */
export function mcpServer(tools: Tools): Route[] {
  const { registry, random } = tools;
  const calls = new Counter({
    name: "mcp_tool_calls_total",
    help: "Tool calls, by result.",
    labelNames: ["tool", "status"] as const,
    registers: [registry],
  });
  for (const tool of Object.keys(MCP_TOOLS)) for (const status of ["success", "error"]) calls.inc({ tool, status }, 0);
  return [
    {
      method: "POST",
      path: "/tools/call",
      handle: async (task) => {
        const tool = random.pick(MCP_TOOLS);
        const status = await call(tools, task, "GET", "airtable-gateway", "/records");
        calls.inc({ tool, status: status < 400 ? "success" : "error" });
        return status < 400 ? 200 : 502;
      },
    },
  ];
}

/** Airtable behind a cache; Airtable itself is only a time to wait and a status. */
export function airtableGateway(tools: Tools): Route[] {
  const { registry, random, orders } = tools;
  const requests = new Counter({
    name: "airtable_requests_total",
    help: "Requests to Airtable, by status.",
    labelNames: ["status"] as const,
    registers: [registry],
  });
  for (const status of ["200", "429"]) requests.inc({ status }, 0);
  countQuota(tools);
  return [
    {
      method: "GET",
      path: "/records",
      handle: async (task) => {
        if (await cached(tools, task, `records:${Math.floor(random.next() * TABLES)}`)) return 200;
        await work(tools, 0.12);
        const limited = random.chance(orders().airtableLimitedShare);
        requests.inc({ status: limited ? "429" : "200" });
        if (!limited) return 200;
        task.log("warn", "Airtable asks for patience", { status: 429 });
        // Asked again half a second later, as Airtable's own advice is; then it answers.
        await work(tools, 0.5);
        requests.inc({ status: "200" });
        return 200;
      },
    },
  ];
}

/** The month's quota, of which a healthy platform uses an even part every day. */
function countQuota({ registry, orders }: Tools): void {
  const workspace = "pyairtable";
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      labelNames: ["workspace"] as const,
      registers: [registry],
      collect() {
        this.set({ workspace }, Math.round(value()));
      },
    });
  gauge("airtable_quota_limit", "Requests that Airtable allows in a month.", () => QUOTA);
  const share = () => orders().airtableQuotaShare ?? USED_BY_THE_END * shareOfMonth(new Date());
  gauge("airtable_quota_used", "Requests to Airtable in this month.", () => QUOTA * share());
}

/** How much of a month (UTC) has passed, from 0 to 1. */
function shareOfMonth(now: Date): number {
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()] as const;
  const begin = Date.UTC(year, month);
  return (now.getTime() - begin) / (Date.UTC(year, month + 1) - begin);
}
