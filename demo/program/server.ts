import { createServer, type IncomingMessage, type Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import { Counter, Gauge, Histogram } from "prom-client";

import { BASE_ERROR_SHARE } from "../orders";
import { Task } from "./telemetry";
import type { Tools } from "./tools";

/** What a service does at one of its addresses: answers with a status. */
export interface Route {
  readonly method: string;
  /** The path, which is also the metrics' `endpoint`. */
  readonly path: string;
  readonly handle: (task: Task) => Promise<number>;
}

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The service's HTTP server, with the metrics that every service has. */
export function serve(tools: Tools, routes: readonly Route[]): Server {
  const { registry, environment } = tools;
  const labelNames = ["method", "endpoint", "status"] as const;
  const requests = new Counter({
    name: "http_requests_total",
    help: "Requests that were answered.",
    labelNames,
    registers: [registry],
  });
  const durations = new Histogram({
    name: "http_request_duration_seconds",
    help: "Time to answer a request.",
    labelNames: ["method", "endpoint"] as const,
    buckets: BUCKETS,
    registers: [registry],
  });
  new Gauge({
    name: "process_start_time_seconds",
    help: "When the process began, in seconds since 1970.",
    registers: [registry],
  }).set(performance.timeOrigin / 1_000);
  // A counter that is born at 1 shows no increase; these begin at 0.
  for (const { method, path } of routes)
    for (const status of ["200", "500"]) requests.inc({ method, endpoint: path, status }, 0);

  const answer = async (request: IncomingMessage): Promise<{ status: number; body: string; type?: string }> => {
    const path = new URL(request.url ?? "/", "http://demo").pathname;
    if (path === environment.metricsPath)
      return { status: 200, body: await registry.metrics(), type: registry.contentType };
    if (path === "/health") return { status: 200, body: "ok\n" };
    const method = request.method ?? "GET";
    const route = routes.find((candidate) => candidate.path === path && candidate.method === method);
    // One endpoint for all that does not exist, or a scan would make a series of every path that it tries.
    const endpoint = route?.path ?? "unknown";
    const end = durations.startTimer({ method, endpoint });
    const status = await handle(tools, route, request, `${method} ${endpoint}`);
    end();
    requests.inc({ method, endpoint, status: String(status) });
    return { status, body: "{}\n" };
  };
  return createServer((request, response) => {
    request.resume();
    void answer(request).then(({ status, body, type = "application/json" }) =>
      response.writeHead(status, { "content-type": type }).end(body),
    );
  }).listen(environment.port);
}

async function handle(tools: Tools, route: Route | undefined, request: IncomingMessage, name: string): Promise<number> {
  const { environment, random, orders } = tools;
  const attributes = { "http.request.method": request.method ?? "GET", "url.path": request.url ?? "/" };
  const task = Task.ofRequest(name, request.headers, attributes);
  const { delaySeconds, errorShare } = orders();
  const delay = delaySeconds[environment.role] ?? 0;
  if (delay > 0) await sleep(1_000 * random.around(delay));
  const share = errorShare[environment.role] ?? BASE_ERROR_SHARE;
  let status: number;
  let problem: string | undefined;
  try {
    if (route !== undefined && random.chance(share)) throw new Error("unexpected state");
    status = route === undefined ? 404 : await route.handle(task);
  } catch (error) {
    status = 500;
    problem = (error as Error).message;
  }
  task.set("http.response.status_code", status);
  const level = status >= 500 ? "error" : status >= 400 ? "warn" : "info";
  task.log(level, `${name} ${status}`, { status, ...(problem ? { error: problem } : {}) });
  task.end(status >= 500 ? (problem ?? `answered ${status}`) : undefined);
  return status;
}
