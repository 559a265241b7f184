import { describe, expect, it } from "vitest";

import { images } from "../../components/images";
import type { Written } from "../support/settings";
import { factsOf, pathsOf, programsFor, yamlOf } from "./support";

interface Pipeline {
  receivers: string[];
  processors: string[];
  exporters: string[];
}

interface Config {
  receivers: { otlp: { protocols: Record<string, { endpoint: string }> } };
  connectors: Record<string, unknown>;
  exporters: Record<string, { endpoint: string; sending_queue: { storage: string } }>;
  extensions: { file_storage: { directory: string }; healthcheckv2: { http: { endpoint: string } } };
  service: {
    extensions: string[];
    telemetry: { resource: unknown; metrics: { level: string } };
    pipelines: Record<string, Pipeline>;
  };
}

const collectorFor = (written: Written = {}) => programsFor(written).tracing.otelCollector;
const configFor = (written: Written = {}) => yamlOf<Config>(collectorFor(written), "collector.yaml");

describe("otel-collector", () => {
  it("is placed as its image and its callers need it, published nowhere", () => {
    expect(collectorFor().image).toBe(images.otelCollector);
    expect(factsOf(collectorFor())).toEqual({
      name: "otel-collector",
      user: "10001:10001",
      ports: [
        "otlp-grpc 4317 from services",
        "otlp-http 4318 from services",
        "metrics 8888 from peers",
        "health 13133 from peers",
      ],
      metrics: "8888/metrics",
      data: ["/var/lib/otelcol 1Gi"],
      scratch: [],
      health: { path: "/", port: 13_133, check: "outside", startupSeconds: 30 },
      placement: "single",
      talksTo: ["jaeger", "loki", "prometheus"],
    });
    expect(collectorFor().args).toEqual(["--config=/etc/otel-collector/collector.yaml"]);
    expect(collectorFor().files?.directory).toBe("/etc/otel-collector");
    expect(pathsOf(collectorFor())).toEqual(["collector.yaml"]);
  });

  it.each([
    [{ "otlp-grpc": 14_317 }, "otlp-grpc 4317 from services, published at 14317", "otlp-http 4318 from services"],
    [{ "otlp-http": 14_318 }, "otlp-grpc 4317 from services", "otlp-http 4318 from services, published at 14318"],
  ])("publishes %o when asked to", (ports, grpc, http) => {
    expect(factsOf(collectorFor({ ports })).ports.slice(0, 2)).toEqual([grpc, http]);
  });

  it("listens at the ports that the contract names", () => {
    const { receivers, extensions } = configFor();
    expect(receivers.otlp.protocols).toEqual({
      grpc: { endpoint: "0.0.0.0:4317" },
      http: { endpoint: "0.0.0.0:4318" },
    });
    expect(extensions.healthcheckv2.http.endpoint).toBe("0.0.0.0:13133");
  });

  it("sends traces, metrics and logs to their stores, and guards its memory first", () => {
    const { exporters, service } = configFor();
    expect(service.pipelines).toEqual({
      traces: { receivers: ["otlp"], processors: ["memory_limiter"], exporters: ["otlp/jaeger", "spanmetrics"] },
      metrics: {
        receivers: ["otlp", "spanmetrics"],
        processors: ["memory_limiter"],
        exporters: ["otlphttp/prometheus"],
      },
      logs: { receivers: ["otlp"], processors: ["memory_limiter"], exporters: ["otlphttp/loki"] },
    });
    expect(Object.entries(exporters).map(([name, { endpoint }]) => [name, endpoint])).toEqual([
      ["otlp/jaeger", "jaeger:4317"],
      ["otlphttp/prometheus", "http://prometheus:9090/api/v1/otlp"],
      ["otlphttp/loki", "http://loki:3100/otlp"],
    ]);
  });

  it("keeps every queue on its volume", () => {
    const { exporters, extensions, service } = configFor();
    expect(Object.values(exporters).map(({ sending_queue: { storage } }) => storage)).toEqual(
      Array<string>(3).fill("file_storage"),
    );
    expect(extensions.file_storage.directory).toBe(collectorFor().data?.[0]?.path);
    expect(service.extensions).toEqual(["file_storage", "healthcheckv2"]);
  });

  it("names itself and the environment in its own metrics, and keeps the rest of its telemetry", () => {
    const { telemetry } = configFor({ environment: "staging" }).service;
    expect(telemetry.resource).toEqual({
      "service.name": "otel-collector",
      "deployment.environment.name": "staging",
    });
    expect(telemetry.metrics.level).toBe("detailed");
  });
});
