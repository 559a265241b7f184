import { createServer } from "node:https";
import { gunzipSync } from "node:zlib";

import { dump, load } from "js-yaml";
import { describe, expect, it, vi } from "vitest";

import { authorityCertificate, programCertificate } from "../../components/certificates";
import {
  bodyOf,
  listen,
  placed,
  startCollector,
  useRenderedCollectors,
  valuesOf,
  type CollectorCase,
  type Config,
  type Running,
} from "./support/collector";
import { get, post } from "./support/daemon";
import { expectRefused, useTool } from "./support/tool";

const STACK: CollectorCase = "Elasticsearch on Docker";
const AUTHORITY = "/etc/otel-collector/secrets/elasticsearch-ca.crt";
const PASSWORD = "/etc/otel-collector/secrets/elasticsearch-password";
const ROOT = "a root secret of this test";
const PATIENT = { timeout: 20_000, interval: 50 };
const TRACE = "5b8efff798038103d269b633813fc60c";
const SPAN = "00f067aa0ba902b7";

const otelcol = useTool("otelcol");
const renderedCollectors = useRenderedCollectors([STACK]);
const rendered = () => renderedCollectors(STACK);

interface Request {
  readonly method?: string;
  readonly path?: string;
  readonly authorization?: string;
  readonly contentType?: string;
  /** Elasticsearch refuses a request whose last line has no end. */
  readonly ends: boolean;
  readonly actions: readonly unknown[];
  readonly documents: readonly Document[];
}

interface Document {
  readonly message: string;
}

/** What is answered to a request: a status for each document, or one number for the request as a whole. */
type Answer = (documents: readonly Document[]) => readonly number[] | number;

const created: Answer = (documents) => documents.map(() => 201);

/** Speaks the bulk API over TLS until the end of the test, gives one answer after the other and then takes everything. */
async function startServer(...answers: Answer[]): Promise<{ address: string; requests: Request[] }> {
  const { certificate, key } = programCertificate(ROOT, "elasticsearch", ["elasticsearch"]);
  const requests: Request[] = [];
  const server = createServer({ cert: certificate, key }, (request, response) => {
    void bodyOf(request).then((body) => {
      const compressed = request.headers["content-encoding"] === "gzip";
      const text = (compressed ? gunzipSync(body) : body).toString();
      const lines = text.trimEnd().split("\n");
      const values = lines.map((line) => JSON.parse(line) as unknown);
      const documents = values.filter((_, index) => index % 2 === 1) as Document[];
      requests.push({
        method: request.method,
        path: request.url?.replace(/\?.*/, ""),
        authorization: request.headers.authorization,
        contentType: request.headers["content-type"],
        ends: text.endsWith("\n"),
        actions: values.filter((_, index) => index % 2 === 0),
        documents,
      });
      const answer = (answers.shift() ?? created)(documents);
      response.setHeader("connection", "close");
      if (typeof answer === "number") return response.writeHead(answer).end("{}");
      const items = answer.map((status) => ({
        create: { status, ...(status > 299 ? { error: { type: "some_exception" } } : {}) },
      }));
      return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ items }));
    });
  });
  return { address: `https://127.0.0.1:${await listen(server)}`, requests };
}

/** Starts a collector that writes to the server without waiting for a larger batch. */
async function startBefore(address: string, retry?: object, root = ROOT): Promise<Running> {
  await rendered().put(AUTHORITY, authorityCertificate(root));
  await rendered().put(PASSWORD, "correct horse");
  return startCollector(otelcol.path(), rendered(), "otel-collector", ({ exporters }) => {
    const { elasticsearch } = exporters;
    exporters.elasticsearch = {
      ...elasticsearch,
      endpoints: [address],
      sending_queue: { ...(elasticsearch?.sending_queue as object), batch: { flush_timeout: "100ms" } },
      ...(retry ? { retry } : {}),
    };
  });
}

interface Attribute {
  readonly key: string;
  readonly value: unknown;
}

const text = (key: string, stringValue: string): Attribute => ({ key, value: { stringValue } });

function send({ http }: Running, resource: readonly Attribute[], logRecords: readonly object[]): Promise<void> {
  const resourceLogs = [{ resource: { attributes: resource }, scopeLogs: [{ logRecords }] }];
  return post(`${http}/v1/logs`, { resourceLogs });
}

const line = (message: string) => ({ timeUnixNano: "1750000000000000000", body: { stringValue: message } });

/** The documents by what became of them, as the collector itself counts them. */
async function outcomes({ metrics }: Running): Promise<Record<string, number>> {
  const answer = await get(metrics);
  const counted = ["success", "400", "429", "failed"].map(
    (outcome) =>
      [outcome, valuesOf(answer, "otelcol_elasticsearch_docs_processed", `outcome="${outcome}"`)[0]] as const,
  );
  return Object.fromEntries(counted.filter((entry): entry is [string, number] => entry[1] !== undefined));
}

describe("log records in Elasticsearch", () => {
  it("are written to the data stream over TLS, in the fields of the Elastic Common Schema", async () => {
    const server = await startServer();
    const collector = await startBefore(server.address);
    const resource = [
      text("service.name", "orders"),
      text("service.version", "1.2.3"),
      text("service.instance.id", "orders-1"),
      text("deployment.environment.name", "test"),
      text("host.name", "node-1"),
      text("os.type", "darwin"),
      text("k8s.pod.name", "orders-7f"),
      text("k8s.namespace.name", "apps"),
      text("telemetry.sdk.name", "opentelemetry"),
      text("telemetry.sdk.language", "python"),
      text("telemetry.sdk.version", "1.30.0"),
    ];
    const record = {
      timeUnixNano: "1750000000123456789",
      severityNumber: 17,
      severityText: "ERROR",
      traceId: TRACE,
      spanId: SPAN,
      body: { stringValue: 'payment "failed"\nagain' },
      attributes: [
        text("exception.type", "ValueError"),
        text("exception.message", "bad"),
        text("exception.stacktrace", "Traceback"),
        text("order", "17"),
        text("order.customer", "c-1"),
        { key: "retries", value: { intValue: "3" } },
        { key: "took", value: { doubleValue: 0.25 } },
        { key: "tags", value: { arrayValue: { values: [{ stringValue: "a" }, { stringValue: "b" }] } } },
        { key: "http", value: { kvlistValue: { values: [text("route", "/orders")] } } },
        { key: "none", value: {} },
      ],
    };
    await send(collector, resource, [record, { observedTimeUnixNano: "1750000000000000000", body: { intValue: "1" } }]);

    await vi.waitFor(() => expect(server.requests).toHaveLength(1), PATIENT);
    const create = { create: { _index: "logs-pyairtable.otlp-test" } };
    const shared = {
      service: { name: "orders", version: "1.2.3", environment: "test", node: { name: "orders-1" } },
      host: { name: "node-1", hostname: "node-1", os: { platform: "darwin", type: "macos" } },
      kubernetes: { namespace: "apps", pod: { name: "orders-7f" } },
      agent: { name: "opentelemetry/python", version: "1.30.0" },
    };
    expect(server.requests[0]).toEqual({
      method: "POST",
      path: "/_bulk",
      authorization: `Basic ${Buffer.from("otel:correct horse").toString("base64")}`,
      contentType: "application/x-ndjson",
      ends: true,
      actions: [create, create],
      documents: [
        {
          ...shared,
          "@timestamp": "2025-06-15T15:06:40.123456789Z",
          message: 'payment "failed"\nagain',
          log: { level: "ERROR" },
          event: { severity: 17 },
          trace: { id: TRACE },
          span: { id: SPAN },
          error: { type: "ValueError", message: "bad", stacktrace: "Traceback" },
          order: { value: "17", customer: "c-1" },
          retries: 3,
          took: 0.25,
          tags: ["a", "b"],
          http: { route: "/orders" },
        },
        { ...shared, "@timestamp": "2025-06-15T15:06:40.000000000Z" },
      ],
    });
  });

  it("are sent again one by one when Elasticsearch is busy, and dropped when it refuses them", async () => {
    const server = await startServer(() => [201, 429, 400]);
    const collector = await startBefore(server.address);
    await send(collector, [], [line("taken"), line("busy"), line("malformed")]);

    await vi.waitFor(async () => expect(await outcomes(collector)).toEqual({ success: 2, "400": 1 }), PATIENT);
    expect(server.requests.map(({ documents }) => documents.map(({ message }) => message))).toEqual([
      ["taken", "busy", "malformed"],
      ["busy"],
    ]);
  });

  it("are sent again together after an answer that is worth it, and given up after the last attempt", async () => {
    const busy: Answer = () => 503;
    const server = await startServer(busy, busy, created, busy, busy, busy);
    const retry = { max_retries: 2, initial_interval: "10ms", max_interval: "20ms", retry_on_status: [429, 503] };
    const collector = await startBefore(server.address, retry);

    await send(collector, [], [line("first")]);
    await vi.waitFor(async () => expect(await outcomes(collector)).toEqual({ success: 1 }), PATIENT);
    expect(server.requests).toHaveLength(3);

    await send(collector, [], [line("second")]);
    await vi.waitFor(async () => expect(await outcomes(collector)).toEqual({ success: 1, failed: 1 }), PATIENT);
    expect(server.requests).toHaveLength(6);
  });

  it("are given up at once when the user is refused", async () => {
    const server = await startServer(() => 401);
    const collector = await startBefore(server.address);
    await send(collector, [], [line("lost")]);
    await vi.waitFor(async () => expect(await outcomes(collector)).toEqual({ failed: 1 }), PATIENT);
    expect(server.requests).toHaveLength(1);
  });

  it("are not sent to a server of another authority", async () => {
    const server = await startServer();
    const retry = { max_retries: 1, initial_interval: "10ms" };
    const collector = await startBefore(server.address, retry, "the root secret of somebody else");
    await send(collector, [], [line("not for everybody")]);
    await vi.waitFor(async () => expect(await outcomes(collector)).toEqual({ failed: 1 }), PATIENT);
    expect(server.requests).toEqual([]);
  });
});

describe("elasticsearch refuses", () => {
  const broken = async (change: (config: Config) => void) => {
    const config = load(await placed(rendered(), "otel-collector")) as Config;
    change(config);
    return otelcol(["validate", `--config=yaml:${dump(config)}`]);
  };
  const exporter = (keys: object) => (config: Config) => {
    config.exporters.elasticsearch = { ...config.exporters.elasticsearch, ...keys };
  };

  it.concurrent.each<[what: string, change: (config: Config) => void, reason: RegExp]>([
    ["an unknown key", exporter({ log_index: "x" }), /invalid keys: log_index/],
    ["an unknown key of the mapping", exporter({ mapping: { mod: "ecs" } }), /invalid keys: mod/],
    ["a mapping that it does not have", exporter({ mapping: { mode: "esc" } }), /mapping::mode "esc" is not known/],
    ["no address", exporter({ endpoints: [] }), /exactly one of \[endpoint, endpoints\]/],
    ["an address without a scheme", exporter({ endpoints: ["elasticsearch:9200"] }), /invalid endpoint/],
    ["no index", exporter({ logs_index: "" }), /logs_index must be set/],
    ["traces", ({ service }) => service.pipelines.traces?.exporters.push("elasticsearch"), /not supported/],
  ])("%s", async (_, change, reason) => {
    expectRefused(await broken(change), reason);
  });
});
