import { describe, expect, it } from "vitest";

import { authorityCertificate } from "../../components/certificates";
import type { Workload } from "../../components/platform/workload";
import type { Written } from "../support/settings";
import { factsOf, programsFor, secretFilesOf, textOfFile, yamlOf } from "./support";

interface Pipeline {
  readonly receivers: readonly string[];
  readonly exporters: readonly string[];
}

interface Collector {
  readonly receivers: Record<string, object>;
  readonly exporters: Record<string, object>;
  readonly service: { readonly pipelines: Record<string, Pipeline> };
}

const KAFKA: Written = {
  kafka: { brokers: ["kafka-0.example.org:9093", "kafka-1.example.org:9093"], user: "otel" },
  "kafkaPassword!": "k",
};
const GATEWAY: Written = { ...KAFKA, platform: "kubernetes", collectorGateway: true };

const configOf = (program: Workload) => yamlOf<Collector>(program, "collector.yaml");
const ways = (program: Workload) =>
  Object.fromEntries(
    Object.entries(configOf(program).service.pipelines).map(([name, { receivers, exporters }]) => [
      name,
      `${receivers.join()} to ${exporters.join()}`,
    ]),
  );

describe("Kafka before the stores", () => {
  it("is what the only collector writes to and reads from, but for metrics", () => {
    const { otelCollector } = programsFor({ ...KAFKA, logging: "both" }).tracing;
    expect(ways(otelCollector)).toEqual({
      "traces/received": "otlp to kafka",
      traces: "kafka to otlp/jaeger,spanmetrics",
      "logs/received": "otlp to kafka",
      logs: "kafka to otlphttp/loki,elasticsearch",
      metrics: "otlp,spanmetrics to otlphttp/prometheus",
    });
    expect(configOf(otelCollector).exporters.kafka).toMatchObject({ sending_queue: { storage: "file_storage" } });
    expect(factsOf(otelCollector).talksTo).toEqual([
      "elasticsearch",
      "internet",
      "jaeger",
      "loki",
      "prometheus",
      "services",
    ]);
  });

  it("is between agents and gateway, which still takes what other agents send it", () => {
    const { otelCollector, otelGateway } = programsFor(GATEWAY).tracing;
    expect(ways(otelCollector)).toEqual({
      traces: "otlp to kafka",
      logs: "otlp to kafka",
      metrics: "otlp to otlp/gateway",
    });
    expect(Object.keys(configOf(otelCollector).exporters)).not.toContain("loadbalancing");
    expect(ways(otelGateway as Workload)).toEqual({
      traces: "otlp,kafka to otlp/jaeger,spanmetrics",
      logs: "otlp,kafka to otlphttp/loki",
      metrics: "otlp,spanmetrics to otlphttp/prometheus",
    });
  });

  it("is read before traces are judged", () => {
    const { otelGateway } = programsFor({ ...GATEWAY, traceSampling: { percentage: 10 } }).tracing;
    expect(ways(otelGateway as Workload)).toMatchObject({
      traces: "otlp,kafka to spanmetrics,forward/sampled",
      "traces/sampled": "forward/sampled to otlp/jaeger",
    });
  });

  it("gets the spans of a trace into one partition, and keeps what the stores can not take yet", () => {
    const { otelCollector, otelGateway } = programsFor(GATEWAY).tracing;
    const topics = { traces: { topic: "pyairtable-test.traces" }, logs: { topic: "pyairtable-test.logs" } };
    expect(configOf(otelCollector).exporters.kafka).toMatchObject({ ...topics, partition_traces_by_id: true });
    expect(configOf(otelGateway as Workload).receivers.kafka).toMatchObject({
      ...topics,
      group_id: "pyairtable-test",
      initial_offset: "earliest",
      message_marking: { after: true, on_permanent_error: true },
      error_backoff: { enabled: true, max_elapsed_time: "0s" },
    });
  });

  it("leaves out metrics that both ends would have alike, where one collector is both", () => {
    const views = (program: Workload) =>
      yamlOf<{ service: { telemetry: { metrics: object } } }>(program, "collector.yaml").service.telemetry.metrics;
    expect(views(programsFor(KAFKA).tracing.otelCollector)).toMatchObject({
      level: "detailed",
      views: [{ selector: { instrument_name: "otelcol_kafka_broker_*" }, stream: { aggregation: { drop: {} } } }],
    });
    expect(views(programsFor(GATEWAY).tracing.otelCollector)).not.toHaveProperty("views");
  });

  it("is logged in to by a file, over TLS", async () => {
    const { otelCollector, otelGateway } = programsFor(GATEWAY).tracing;
    for (const [program, end] of [
      [otelCollector, "exporters"],
      [otelGateway as Workload, "receivers"],
    ] as const) {
      expect(configOf(program)[end].kafka).toMatchObject({
        brokers: ["kafka-0.example.org:9093", "kafka-1.example.org:9093"],
        tls: { insecure: false },
        auth: {
          sasl: {
            username: "otel",
            mechanism: "SCRAM-SHA-512",
            password: `\${file:/etc/${program.name}/secrets/kafka-password}`,
          },
        },
      });
      expect(await secretFilesOf(program)).toMatchObject({ "secrets/kafka-password": "k" });
    }
  });

  it("is known by an authority of one's own, or spoken to without TLS", () => {
    const authority = authorityCertificate("a root");
    const own = programsFor({ kafka: { brokers: ["kafka:9093"], authority } }).tracing.otelCollector;
    expect(configOf(own).receivers.kafka).toMatchObject({ tls: { ca_file: "/etc/otel-collector/kafka-ca.crt" } });
    expect(textOfFile(own, "kafka-ca.crt")).toBe(authority);
    const plain = programsFor({ kafka: { brokers: ["kafka:9092"], tls: false } }).tracing.otelCollector;
    expect(configOf(plain).receivers.kafka).not.toHaveProperty("tls");
    expect(factsOf(plain).talksTo).toEqual(["jaeger", "loki", "prometheus", "services"]);
  });

  it("is looked for in the services' namespace of a cluster when its name is a bare one", () => {
    const written = { platform: "kubernetes", kafka: { brokers: ["kafka:9092"] } };
    expect(configOf(programsFor(written).tracing.otelCollector).receivers.kafka).toMatchObject({
      brokers: ["kafka.pyairtable:9092"],
    });
  });
});
