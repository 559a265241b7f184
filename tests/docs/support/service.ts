import { spawn } from "node:child_process";

import { load } from "js-yaml";
import { onTestFinished, vi } from "vitest";

import { startCollector, receiveOtlp } from "../../tools/support/collector";
import { get } from "../../tools/support/daemon";
import type { Rendered } from "../../tools/support/rendered";
import { Guide } from "./guide";

const START_MS = 60_000;
const STOP_MS = 10_000;

/** A span as it leaves the stack's collector for Jaeger. */
export interface ArrivedSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

type Attribute = { key: string; value: { stringValue?: string; intValue?: string } };
interface Exported {
  resourceSpans?: {
    resource: { attributes: Attribute[] };
    scopeSpans: { spans: (Omit<ArrivedSpan, "attributes" | "service"> & { attributes?: Attribute[] })[] }[];
  }[];
}

const byKey = (attributes: readonly Attribute[]) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue]));

/** Runs the stack's own collector; spans that it hands on come here instead of to Jaeger. */
export async function collectSpans(binary: string, files: Rendered): Promise<{ http: string; spans: ArrivedSpan[] }> {
  const spans: ArrivedSpan[] = [];
  const store = await receiveOtlp((_, body) => {
    for (const { resource, scopeSpans } of (body as Exported).resourceSpans ?? [])
      for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
        const service = String(byKey(resource.attributes)["service.name"]);
        spans.push({ ...span, service, attributes: byKey(span.attributes ?? []) });
      }
  });
  const { http } = await startCollector(binary, files, "otel-collector", (config) => {
    config.exporters = { "otlphttp/store": { endpoint: store, encoding: "json", compression: "none" } };
    for (const pipeline of Object.values(config.service.pipelines)) {
      const connectors = pipeline.exporters.filter((exporter) => exporter in config.connectors);
      pipeline.exporters = ["otlphttp/store", ...connectors];
    }
  });
  return { http, spans };
}

/** The variables that the guide's Compose file gives a service, with the collector at an address of this machine. */
export function environmentFor(service: string, collector: string): Record<string, string> {
  const compose = load(new Guide("integrate-services.md").code("compose.yaml")) as {
    services: Record<string, { environment: Record<string, string> }>;
  };
  const [first] = Object.values(compose.services);
  return {
    ...first?.environment,
    OTEL_SERVICE_NAME: service,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector,
    // The test does not wait the usual five seconds.
    OTEL_BSP_SCHEDULE_DELAY: "200",
  };
}

export interface Service {
  /** What it has written to standard output so far, a JSON object a line. */
  lines(): Record<string, unknown>[];
}

/** Starts a guide's program, waits until it answers at `/health`, and ends it with the test. */
export async function startService(
  program: string,
  commandArguments: readonly string[],
  options: { cwd: string; env: Record<string, string>; url: string },
): Promise<Service> {
  const child = spawn(program, commandArguments, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  onTestFinished(async () => {
    child.kill("SIGTERM");
    const patience = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await ended;
    clearTimeout(patience);
  });
  const failed = ended.then(() => Promise.reject(new Error("it ended")));
  failed.catch(() => {});
  const answers = vi.waitFor(() => get(`${options.url}/health`), { timeout: START_MS, interval: 100 });
  await Promise.race([answers, failed]).catch((error: Error) => {
    throw new Error(`${program} does not answer at ${options.url}: ${error.message}\n${stdout}${stderr}`);
  });
  return {
    lines: () =>
      stdout
        .trimEnd()
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}
