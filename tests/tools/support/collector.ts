import { existsSync } from "node:fs";
import type { IncomingMessage, RequestListener } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo, Server } from "node:net";

import { dump, load } from "js-yaml";
import { afterAll, beforeAll, onTestFinished } from "vitest";

import { settingsFor, type Written } from "../../support/settings";
import { stackFile } from "../../support/stack-file";
import { freePorts } from "../../../toolchain/free-ports";
import { start } from "./daemon";
import { Rendered } from "./rendered";

const QUEUE = "/var/lib/otelcol";
const HOST = "127.0.0.1";

const KAFKA: Written = {
  kafka: { brokers: ["kafka-0.example.com:9093"], topicPrefix: "acme", user: "collector" },
  "kafkaPassword!": "not a real password",
};

/** The kinds of stacks whose collectors differ. */
export const COLLECTOR_CASES = {
  "Loki on Docker": {},
  "Elasticsearch on Docker": { logging: "elk" },
  "both log stores on Docker": { logging: "both" },
  "a gateway that samples, on Kubernetes": {
    platform: "kubernetes",
    collectorGateway: true,
    replicas: { "otel-gateway": 2 },
    traceSampling: { percentage: 10, slowerThan: "2s" },
  },
  "Pulumi.prod.yaml": stackFile("prod"),
  "Kafka on Docker": KAFKA,
  "Kafka before a gateway, on Kubernetes": { ...KAFKA, platform: "kubernetes", collectorGateway: true },
} satisfies Record<string, Written>;

export type CollectorCase = keyof typeof COLLECTOR_CASES;
export const collectorCases = Object.keys(COLLECTOR_CASES) as CollectorCase[];

const collectors = ["otel-collector", "otel-gateway"] as const;
export type CollectorName = (typeof collectors)[number];

type Keys = Record<string, unknown>;

/** A collector's configuration, as far as tests change it. */
export interface Config {
  receivers: { otlp: { protocols: Record<"grpc" | "http", { endpoint: string }> }; kafka?: Keys };
  processors: Record<string, Keys>;
  connectors: Record<string, Keys>;
  exporters: Record<string, Keys>;
  extensions: {
    file_storage?: { directory: string; compaction: { directory: string } };
    healthcheckv2: { http: { endpoint: string } };
  };
  service: {
    telemetry: { metrics: { readers: { pull: { exporter: { prometheus: { host: string; port: number } } } }[] } };
    pipelines: Record<string, { exporters: string[] }>;
  };
}

/** Where a collector answers. */
export interface Running {
  readonly grpc: string;
  readonly http: string;
  readonly metrics: string;
}

/** Renders the given stacks before the tests of this file and removes the files after them. */
export function useRenderedCollectors(names: readonly CollectorCase[]): (name: CollectorCase) => Rendered {
  const rendered = new Map<CollectorCase, Rendered>();
  beforeAll(async () => {
    for (const name of names) rendered.set(name, await Rendered.write(settingsFor(COLLECTOR_CASES[name])));
  });
  afterAll(async () => {
    for (const files of rendered.values()) await files.remove();
  });
  return (name) => {
    const found = rendered.get(name);
    if (found === undefined) throw new Error(`Pass "${name}" to useRenderedCollectors.`);
    return found;
  };
}

/** The path of a collector's configuration in its container. */
const configOf = (name: CollectorName) => `/etc/${name}/collector.yaml`;

/** The collectors that a stack has, the one that services send to at least. */
export function collectorsIn(files: Rendered): CollectorName[] {
  return collectors.filter((name) => name === "otel-collector" || existsSync(files.at(configOf(name))));
}

/** The text of a collector's configuration, with the places of this machine. */
export async function placed(files: Rendered, name: CollectorName): Promise<string> {
  await files.directory(QUEUE);
  return files.relocated(await files.read(configOf(name)), `/etc/${name}/secrets`, QUEUE);
}

/**
 * Starts a collector with the rendered configuration on ports and in a folder of its own. It ends with the test.
 *
 * @param change sets what a test needs otherwise, mostly where the exporters send to.
 */
export async function startCollector(
  binary: string,
  files: Rendered,
  name: CollectorName,
  change: (config: Config) => void,
): Promise<Running> {
  const ports = await freePorts("grpc", "http", "health", "metrics");
  const config = load(await placed(files, name)) as Config;
  const { protocols } = config.receivers.otlp;
  protocols.grpc.endpoint = `${HOST}:${ports.grpc}`;
  protocols.http.endpoint = `${HOST}:${ports.http}`;
  config.extensions.healthcheckv2.http.endpoint = `${HOST}:${ports.health}`;
  const [reader] = config.service.telemetry.metrics.readers;
  Object.assign(reader?.pull.exporter.prometheus as object, { host: HOST, port: ports.metrics });
  if (config.extensions.file_storage) {
    const directory = await files.directory(`${QUEUE}/${ports.grpc}`);
    config.extensions.file_storage = { directory, compaction: { directory } };
  }
  change(config);
  const file = await files.put(`/etc/${name}/collector.at-${ports.grpc}.yaml`, dump(config));
  await start(binary, [`--config=${file}`], `http://${HOST}:${ports.health}/`);
  return {
    grpc: `${HOST}:${ports.grpc}`,
    http: `http://${HOST}:${ports.http}`,
    metrics: `http://${HOST}:${ports.metrics}/metrics`,
  };
}

/** Lets a server listen until the end of the test, and gives its port of 127.0.0.1. */
export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, HOST, resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  return (server.address() as AddressInfo).port;
}

/** Takes OTLP as JSON until the end of the test, and gives the address for `otlphttp` exporters. */
export async function receiveOtlp(take: (path: string, body: unknown) => void): Promise<string> {
  const answer: RequestListener = (request, response) => {
    void bodyOf(request).then((body) => {
      take(request.url as string, JSON.parse(body.toString()));
      // Else the connection would hold the server's end back.
      response.writeHead(200, { "content-type": "application/json", connection: "close" }).end("{}");
    });
  };
  return `http://${HOST}:${await listen(createServer(answer))}`;
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The values of a metric in Prometheus' text format whose labels hold all the given texts. */
export function valuesOf(text: string, metric: string, ...labels: readonly string[]): number[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith(`${metric}{`) && labels.every((label) => line.includes(label)))
    .map((line) => Number(line.slice(line.lastIndexOf(" "))));
}
