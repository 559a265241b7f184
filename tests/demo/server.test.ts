import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

import { afterEach, describe, expect, it, vi } from "vitest";

import type { Orders } from "../../demo/orders";
import { serve, type Route } from "../../demo/program/server";
import { toolsOf } from "./support";

const ROUTES: Route[] = [
  { method: "GET", path: "/records", handle: () => Promise.resolve(200) },
  { method: "POST", path: "/broken", handle: () => Promise.reject(new Error("no database")) },
];

describe("a simulated service", () => {
  let server: Server | undefined;
  const log = vi.spyOn(console, "log").mockImplementation(() => {});

  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
    log.mockClear();
  });

  const start = (orders: Partial<Orders> = {}) => {
    server = serve(toolsOf("airtable-gateway", orders), ROUTES);
    const { port } = server.address() as AddressInfo;
    return async (method: string, path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
      return { status: response.status, text: await response.text() };
    };
  };

  it("counts what it answers, by method, endpoint and status", async () => {
    const ask = start({ errorShare: { "airtable-gateway": 0 } });
    expect((await ask("GET", "/records")).status).toBe(200);
    expect((await ask("GET", "/no-such/17")).status).toBe(404);
    expect((await ask("POST", "/broken")).status).toBe(500);
    const { text } = await ask("GET", "/metrics");
    expect(text).toContain('http_requests_total{method="GET",endpoint="/records",status="200"} 1');
    expect(text).toContain('http_requests_total{method="GET",endpoint="unknown",status="404"} 1');
    expect(text).toContain('http_requests_total{method="POST",endpoint="/broken",status="500"} 1');
    expect(text).toContain('http_request_duration_seconds_count{method="GET",endpoint="/records"} 1');
    expect(text).not.toContain('endpoint="/metrics"');
  });

  it("writes a line of JSON for each, with a level and a trace", async () => {
    const ask = start({ errorShare: { "airtable-gateway": 0 } });
    await ask("GET", "/records");
    await ask("POST", "/broken");
    const lines = log.mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>);
    expect(lines).toMatchObject([
      { level: "info", message: "GET /records 200" },
      { level: "error", message: "POST /broken 500", error: "no database" },
    ]);
    for (const line of lines) expect(line.trace_id).toMatch(/^[0-9a-f]{32}$/);
  });

  it("fails as often as it is ordered to", async () => {
    const ask = start({ errorShare: { "airtable-gateway": 1 } });
    expect((await ask("GET", "/records")).status).toBe(500);
    // Its own health and metrics are no requests of a visitor.
    expect((await ask("GET", "/health")).status).toBe(200);
  });
});
