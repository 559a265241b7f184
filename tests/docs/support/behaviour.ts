import { writeFile } from "node:fs/promises";
import path from "node:path";

import { expect, vi } from "vitest";

import { metrics as contract } from "../../../components/consistency/metrics/services.json";
import { runCommand } from "../../../toolchain/command";
import type { ArrivedSpan, Service } from "./service";

/** What Prometheus 3 takes without a fallback. */
const CONTENT_TYPE = /^text\/plain;\s*version=(0\.0\.4|1\.0\.0)\b/;

/** Metrics that the guides' programs have, with the labels that rules and dashboards know. */
const SHOWN = [
  "http_requests_total",
  "http_request_duration_seconds_bucket",
  "http_request_duration_seconds_count",
  "ai_api_cost_total",
  "ai_tokens_used_total",
  "workflow_executions_total",
] as const satisfies readonly (keyof typeof contract)[];

/** A trace that begins elsewhere, as another service would hand it on. */
export const CALLER = { traceId: "5b8efff798038103d269b633813fc60c", spanId: "eee19b7ec3c1b174" };

/** Calls the program as the tests expect it to have been called. */
export async function callService(url: string): Promise<void> {
  const post = async (address: string, body: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}${address}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
    return response.status;
  };
  expect(await post("/chat", {}, { traceparent: `00-${CALLER.traceId}-${CALLER.spanId}-01` })).toBe(200);
  expect(await post("/workflows/import", { rows: [1, 2] })).toBe(200);
  expect(await post("/workflows/import", {})).toBe(500);
  expect(await post("/workflows/made-up-by-the-caller", {})).toBe(404);
  expect((await fetch(`${url}/wp-login.php`)).status).toBe(404);
}

/** The page of metrics, when its content type is one that Prometheus takes. */
export async function pageOf(address: string): Promise<string> {
  const response = await fetch(address);
  expect(response.headers.get("content-type")).toMatch(CONTENT_TYPE);
  return response.text();
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export function samplesOf(page: string): Sample[] {
  return [...page.matchAll(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/gm)].map(([, name = "", labels = "", value]) => ({
    name,
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = "", text = ""]) => [key, text])),
    value: Number(value),
  }));
}

/** promtool parses the page, and has nothing against the metrics that the guide's code makes. */
export async function expectGoodPage(promtool: string, page: string, folder: string): Promise<void> {
  // Names that client libraries give to their runtime's own figures are not the guide's.
  const own = page.replaceAll(/^(# (HELP|TYPE) )?nodejs_.*\n/gm, "");
  const file = path.join(folder, "metrics.txt");
  await writeFile(file, own);
  const result = await runCommand("sh", ["-c", 'exec "$0" check metrics < "$1"', promtool, file]);
  expect(result.succeeded, result.output).toBe(true);
}

/** The page has the contract's names with exactly its labels. */
export function expectContract(page: string, names: readonly (keyof typeof contract)[] = SHOWN): void {
  const samples = samplesOf(page);
  const labelsOf = (wanted: string) => {
    const found = samples.filter(({ name }) => name === wanted);
    return [...new Set(found.map(({ labels }) => Object.keys(labels).sort().join(" ")))];
  };
  for (const name of names) expect(labelsOf(name), name).toEqual([contract[name]]);
}

/** What {@link callService} did is counted. */
export function expectCounted(page: string): void {
  const samples = samplesOf(page);
  const sum = (wanted: string, labels: Record<string, string> = {}) =>
    samples
      .filter(({ name }) => name === wanted)
      .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
      .reduce((total, { value }) => total + value, 0);
  expect(sum("http_requests_total")).toBe(5);
  expect(sum("http_requests_total", { method: "POST", endpoint: "/chat", status: "200" })).toBe(1);
  expect(sum("http_requests_total", { method: "GET", endpoint: "unknown", status: "404" })).toBe(1);
  expect(sum("http_request_duration_seconds_count")).toBe(5);
  expect(sum("ai_tokens_used_total", { type: "input" })).toBe(260);
  expect(sum("ai_tokens_used_total", { type: "output" })).toBe(120);
  expect(sum("ai_api_cost_total")).toBeCloseTo(0.000296, 9);
  expect(sum("workflow_executions_total", { type: "import", status: "success" })).toBe(1);
  expect(sum("workflow_executions_total", { type: "import", status: "failed" })).toBe(1);
  expect(page).not.toContain("made-up-by-the-caller");
  expect(page).not.toContain("wp-login");
}

/** Spans belong to their caller's trace, are named by route and carry what the collector's span metrics ask for. */
export async function expectTraced(service: string, spans: readonly ArrivedSpan[]): Promise<ArrivedSpan> {
  const server = await vi.waitFor(
    () => {
      const found = spans.find(({ parentSpanId }) => parentSpanId === CALLER.spanId);
      expect(found, `spans so far: ${spans.map(({ name }) => name).join(", ")}`).toBeDefined();
      return found as ArrivedSpan;
    },
    { timeout: 20_000, interval: 100 },
  );
  expect(server).toMatchObject({ service, name: "POST /chat", traceId: CALLER.traceId });
  expect(server.attributes).toMatchObject({ "http.request.method": "POST", "http.response.status_code": "200" });
  const work = await vi.waitFor(
    () => spans.find(({ parentSpanId }) => parentSpanId === server.spanId) ?? expect.fail("no span of the work"),
    { timeout: 20_000, interval: 100 },
  );
  expect(work).toMatchObject({ name: "chat gpt-4.1-mini", traceId: CALLER.traceId });
  expect(spans.filter(({ name }) => /metrics|health/.test(name))).toEqual([]);
  return server;
}

/** Every line is JSON with a level, and those of a request carry its trace and span. */
export function expectLogged({ lines }: Service, { traceId, spanId }: ArrivedSpan): void {
  const all = lines();
  for (const line of all) expect(line).toMatchObject({ level: expect.any(String), message: expect.any(String) });
  expect(all).toContainEqual(
    expect.objectContaining({ level: "info", message: "POST /chat 200", trace_id: traceId, span_id: spanId }),
  );
  const failure = all.find(({ level, exception }) => level === "error" && exception !== undefined);
  expect(failure?.exception).toMatch(/rows|length/);
  expect(failure?.trace_id).toMatch(/^[0-9a-f]{32}$/);
}
