import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";

import { describe, expect, it, onTestFinished, vi } from "vitest";

import { freePorts } from "../../toolchain/free-ports";
import { get, post, start } from "./support/daemon";
import { startLoki } from "./support/loki";
import type { Rendered } from "./support/rendered";
import { useRendered, useTool } from "./support/tool";

const CONFIGS = path.join(__dirname, "../../configs");

/** Nothing listens there, and nothing leaves the machine. */
const NOWHERE = "127.0.0.1:9";

const queries = ["prometheus/rules", "grafana/dashboards"]
  .flatMap((folder) => readdirSync(path.join(CONFIGS, folder)).map((file) => path.join(CONFIGS, folder, file)))
  .flatMap((file) => readFileSync(file, "utf8").match(/(?<=\bexpr"?: )(?:\|-\n(?:(?: {10}.*)?\n)+|.*)/g) ?? []);

/** The metrics of a program that alerts and panels read. */
function read(prefix: string): string[] {
  const names = queries.flatMap((text) => text.match(new RegExp(`\\b${prefix}_\\w+`, "g")) ?? []);
  return [...new Set(names)].sort();
}

/** Which of the names a page of metrics lacks. */
function missing(names: readonly string[], page: string): string[] {
  const known = new Set(page.match(/^\w+(?=[{ ])/gm));
  return names.filter((name) => !known.has(name));
}

/** Counters of what the collector gave up on. */
const LOST = /enqueue_failed|send_failed_(log|metric)/;

/** What only a collector beside Kafka has; `tests/e2e/outside-stores.test.ts` finds it at one. */
const OF_KAFKA = /^otelcol_kafka_/;

const rendered = useRendered(["the defaults", "traces in memory"]);
const programs = {
  prometheus: useTool("prometheus"),
  alertmanager: useTool("alertmanager"),
  loki: useTool("loki"),
  promtail: useTool("promtail"),
  otelcol: useTool("otelcol"),
  jaeger: useTool("jaeger"),
};

const span = () => ({
  traceId: "5b8efff798038103d269b633813fc60c",
  spanId: "eee19b7ec3c1b174",
  name: "GET /",
  kind: 2,
  startTimeUnixNano: `${Date.now()}000000`,
  endTimeUnixNano: `${Date.now() + 5}000000`,
});
const service = { attributes: [{ key: "service.name", value: { stringValue: "web" } }] };
const SIGNALS = {
  traces: () => ({ resourceSpans: [{ resource: service, scopeSpans: [{ spans: [span()] }] }] }),
  metrics: () => {
    const gauge = { dataPoints: [{ timeUnixNano: `${Date.now()}000000`, asDouble: 1 }] };
    return { resourceMetrics: [{ resource: service, scopeMetrics: [{ metrics: [{ name: "x", gauge }] }] }] };
  },
  logs: () => {
    const logRecords = [{ timeUnixNano: `${Date.now()}000000`, body: { stringValue: "x" } }];
    return { resourceLogs: [{ resource: service, scopeLogs: [{ logRecords }] }] };
  },
};

/** Starts Jaeger or the collector with every address on loopback, and gives its ports. */
async function startTracing(name: "jaeger" | "otelcol", files: Rendered, change = (text: string) => text) {
  const ports = await freePorts("4317", "4318", "8888", "13133", "16685", "16686");
  await files.directory("/var/lib/otelcol");
  const source = name === "jaeger" ? "/etc/jaeger/jaeger.yaml" : "/etc/otel-collector/collector.yaml";
  const config = await files.copy(source, (text) => {
    const own = files
      .relocated(change(text), "/var/lib/otelcol")
      .replace(/0\.0\.0\.0:(\d+)/g, (_, port: keyof typeof ports) => `127.0.0.1:${ports[port]}`)
      .replace(/host: 0\.0\.0\.0(\s+)port: 8888/, `host: 127.0.0.1$1port: ${ports[8888]}`);
    return own.replace(/\b(jaeger|prometheus|loki):\d+/g, NOWHERE);
  });
  const health = `http://127.0.0.1:${ports[13133]}/${name === "jaeger" ? "status" : ""}`;
  await start(programs[name].path(), [`--config=${config}`], health);
  return {
    otlp: `http://127.0.0.1:${ports[4318]}/v1`,
    grpc: ports[4317],
    metrics: `http://127.0.0.1:${ports[8888]}/metrics`,
  };
}

/** The address of a server that takes whatever is posted to it, until the test ends. */
async function acceptEverything(): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().once("end", () => response.writeHead(204).end());
  });
  onTestFinished(() => void server.close());
  await once(server.listen(0, "127.0.0.1"), "listening");
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Waits until the page has all the names. */
async function expectNames(url: string, names: readonly string[]): Promise<void> {
  expect(names).not.toHaveLength(0);
  await vi.waitFor(async () => expect(missing(names, await get(url))).toEqual([]), { timeout: 20_000, interval: 250 });
}

describe("the metrics that alerts and panels read exist in", () => {
  it("Prometheus", async () => {
    const files = rendered("the defaults");
    const { http } = await freePorts("http");
    const config = await files.copy("/etc/prometheus/prometheus.yml", (text) =>
      text.replace(/^( +- )[\w-]+:\d+$/gm, `$1${NOWHERE}`),
    );
    const flags = [`--config.file=${config}`, `--storage.tsdb.path=${files.at("/prometheus")}`];
    const address = `http://127.0.0.1:${http}`;
    await start(programs.prometheus.path(), [...flags, `--web.listen-address=127.0.0.1:${http}`], `${address}/-/ready`);
    await expectNames(`${address}/metrics`, read("prometheus"));
  });

  it("Alertmanager", async () => {
    const files = rendered("the defaults");
    const { http } = await freePorts("http");
    const config = await files.copy("/etc/alertmanager/alertmanager.yml", (text) =>
      files.relocated(text, "/etc/alertmanager"),
    );
    const address = `http://127.0.0.1:${http}`;
    const flags = [`--config.file=${config}`, `--storage.path=${files.at("/alertmanager")}`];
    const listen = [`--web.listen-address=127.0.0.1:${http}`, "--cluster.listen-address="];
    await start(programs.alertmanager.path(), [...flags, ...listen], `${address}/-/ready`);
    await expectNames(`${address}/metrics`, read("alertmanager"));
  });

  it("Loki", async () => {
    const address = await startLoki(programs.loki.path(), rendered("the defaults"));
    const push = (time: number) =>
      post(`${address}/loki/api/v1/push`, { streams: [{ stream: { a: "b" }, values: [[`${time}000000`, "line"]] }] });
    await vi.waitFor(() => push(Date.now()), { timeout: 20_000, interval: 250 });
    // The counter of discarded lines appears with the first one.
    await expect(push(1_000_000_000_000)).rejects.toThrow(/too old/);
    await expectNames(`${address}/metrics`, read("loki"));
  });

  it("Promtail", async () => {
    const files = rendered("the defaults");
    const { http } = await freePorts("http");
    await files.directory("/var/lib/promtail");
    const config = await files.copy("/etc/promtail/promtail.yaml", (text) =>
      files.relocated(text, "/var/lib/promtail").replace("loki:3100", NOWHERE),
    );
    const listen = ["-server.http-listen-address=127.0.0.1", `-server.http-listen-port=${http}`];
    const address = `http://127.0.0.1:${http}/metrics`;
    // The counters appear with the first line, here from standard input.
    await start(programs.promtail.path(), ["-stdin", `-config.file=${config}`, ...listen], address, "a line\n");
    await expectNames(address, read("promtail"));
  });

  it("the collector, and in Jaeger under the same names", async () => {
    const jaeger = await startTracing("jaeger", rendered("traces in memory"));
    const logStore = await acceptEverything();
    const collector = await startTracing("otelcol", rendered("the defaults"), (text) =>
      text.replace("jaeger:4317", `127.0.0.1:${jaeger.grpc}`).replace("loki:3100", logStore),
    );
    for (const [signal, body] of Object.entries(SIGNALS)) await post(`${collector.otlp}/${signal}`, body());
    // Refused data is counted from the first item on, what cannot be sent or queued from the first failure on.
    const names = read("otelcol").filter((name) => !LOST.test(name) && !OF_KAFKA.test(name));
    await expectNames(collector.metrics, names);
    const ofSpans = names.filter((name) => /_(spans)$/.test(name));
    await expectNames(jaeger.metrics, [...ofSpans, "otelcol_exporter_sent_spans"]);
  });

  it("the collector when a store does not answer and its queue is full", async () => {
    const names = read("otelcol").filter((name) => LOST.test(name));
    const impatient =
      "retry_on_failure:\n      initial_interval: 200ms\n      max_interval: 500ms\n      max_elapsed_time: 1s\n    sending_queue:\n      num_consumers: 1\n      queue_size: 1";
    const collector = await startTracing("otelcol", rendered("traces in memory"), (text) =>
      text.replace(/sending_queue:[^]*?(?=\n {2}\w|\n\w)/g, impatient),
    );
    // The first one of each waits for a store that is not there until it is given up, the next ones fill the queue.
    for (let sent = 0; sent < 20; sent += 1) {
      for (const [signal, body] of Object.entries(SIGNALS))
        await post(`${collector.otlp}/${signal}`, body()).catch(() => {});
    }
    await expectNames(collector.metrics, names);
  });
});
