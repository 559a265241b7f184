import type { Route } from "../server";
import { call, work, type Tools } from "../tools";

/** Where a call goes on to, and what its caller answers when it fails. */
type Forwarding = readonly [method: string, path: string, service: string, target: string];

const GATEWAY: readonly Forwarding[] = [
  ["GET", "/api/tables", "airtable-gateway", "/records"],
  ["POST", "/api/login", "platform-services", "/login"],
  ["POST", "/api/login/unknown", "platform-services", "/login/unknown"],
  ["GET", "/api/analytics", "platform-services", "/analytics"],
  ["POST", "/api/chat", "llm-orchestrator", "/chat"],
  ["POST", "/api/workflows", "automation-services", "/workflows"],
  ["POST", "/api/files", "automation-services", "/files"],
];

/** The way in for programs. */
export function apiGateway(tools: Tools): Route[] {
  return GATEWAY.map((forwarding) => forward(tools, forwarding));
}

/** The pages that people see. */
export function frontend(tools: Tools): Route[] {
  return [
    {
      method: "GET",
      path: "/",
      handle: async () => {
        await work(tools, 0.03);
        return 200;
      },
    },
    forward(tools, ["GET", "/tables", "api-gateway", "/api/tables"]),
  ];
}

function forward(tools: Tools, [method, path, service, target]: Forwarding): Route {
  return {
    method,
    path,
    handle: async (task) => {
      const status = await call(tools, task, method, service, target);
      return status >= 500 ? 502 : status;
    },
  };
}
