import { images } from "../images";
import type { Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import { goHeap } from "./limits";
import { nativeYaml, toYaml } from "./native-file";

const HEALTH_PORT = 13_133;

interface CollectorConfig {
  service: { telemetry: { resource?: Record<string, string> } };
}

/** OpenTelemetry Collector: OTLP in; traces to Jaeger and span metrics, metrics to Prometheus, logs to Loki. */
export function otelCollector(settings: Settings): Workload {
  const base = nativeYaml<CollectorConfig>("otel-collector/collector.yaml");
  const config: CollectorConfig = {
    ...base,
    service: {
      ...base.service,
      telemetry: {
        ...base.service.telemetry,
        resource: { "service.name": "otel-collector", "deployment.environment.name": settings.environment },
      },
    },
  };
  const { "otlp-grpc": grpc, "otlp-http": http } = settings.ports;
  return {
    name: "otel-collector",
    image: images.otelCollector,
    args: ["--config=/etc/otelcol/collector.yaml"],
    env: goHeap(settings.resources["otel-collector"]),
    files: { directory: "/etc/otelcol", entries: [{ path: "collector.yaml", content: toYaml(config) }] },
    ports: [
      { name: "otlp-grpc", number: 4317, reach: { from: "services", ...(grpc ? { published: grpc } : {}) } },
      { name: "otlp-http", number: 4318, reach: { from: "services", ...(http ? { published: http } : {}) } },
      { name: "metrics", number: 8888, reach: { from: "peers" } },
      { name: "health", number: HEALTH_PORT, reach: { from: "peers" } },
    ],
    metrics: { port: 8888, path: "/metrics" },
    data: [{ name: "otel-collector", path: "/var/lib/otelcol", size: settings.storage["otel-collector"] }],
    resources: settings.resources["otel-collector"],
    health: { path: "/", port: HEALTH_PORT, check: "outside", startupSeconds: 30 },
    placement: { kind: "single" },
    runsAs: { uid: 10_001, gid: 10_001 },
    talksTo: ["jaeger", "prometheus", "loki"],
  };
}
