import type { ConfigFile, Workload } from "../platform/workload";
import type { Settings, TraceSampling } from "../settings/settings";
import { replicaAddresses } from "./addresses";
import { kafkaFiles, throughKafka } from "./collector-kafka";
import { withPipelines, type CollectorConfig, type Pipeline } from "./collector-pipelines";
import { elasticsearchAuthority, elasticsearchUrl, otlpLogsStream, userPassword } from "./elk";
import { nativeYaml, toYaml } from "./native-file";
import type { ProgramSecrets } from "./secrets";
import { VERIFICATION_SERVICE } from "./verification";

const AUTHORITY_FILE = "secrets/elasticsearch-ca.crt";
const ELASTIC_PASSWORD_FILE = "secrets/elasticsearch-password";

/** Seconds to wait for the spans of a trace before it is judged: longer than most requests take. */
const DECISION_WAIT = "10s";

/** The ports of OTLP, as a collector takes it, without who may reach them. */
export const OTLP = { grpc: { name: "otlp-grpc", number: 4317 }, http: { name: "otlp-http", number: 4318 } } as const;

/** What every collector has alike. */
export const COLLECTOR = {
  metrics: { port: 8888, path: "/metrics" },
  innerPorts: [
    { name: "metrics", number: 8888, reach: { from: "peers" } },
    { name: "health", number: 13_133, reach: { from: "peers" } },
  ],
  health: { path: "/", port: 13_133, check: "outside", startupSeconds: 30 },
  runsAs: { uid: 10_001, gid: 10_001 },
} as const satisfies Partial<Workload> & { innerPorts: Workload["ports"] };

/** Where a collector has its files. */
export const directoryOf = (name: string) => `/etc/${name}`;

/** The arguments and files of a collector. */
export function collectorFiles(
  name: string,
  config: CollectorConfig,
  secrets: readonly ConfigFile[] = [],
): Required<Pick<Workload, "args" | "files">> {
  const directory = directoryOf(name);
  return {
    args: [`--config=${directory}/collector.yaml`],
    files: { directory, entries: [{ path: "collector.yaml", content: toYaml(config) }, ...secrets] },
  };
}

/** Those of a collector that hands telemetry to the stores. */
export function storingFiles(settings: Settings, secrets: ProgramSecrets, name: string) {
  return collectorFiles(name, storingConfig(settings, name), [
    ...(settings.elk ? elasticsearchSecrets(settings, secrets) : []),
    ...kafkaFiles(settings),
  ]);
}

/** The programs that it hands telemetry to. */
export function storesOf({ loki, elk }: Settings): string[] {
  return ["jaeger", "prometheus", ...(loki ? ["loki"] : []), ...(elk ? ["elasticsearch"] : [])];
}

/** `telemetry` with the collector's own name. */
export function named(config: CollectorConfig, settings: Settings, name: string): CollectorConfig {
  const resource = { "service.name": name, "deployment.environment.name": settings.environment };
  return { ...config, service: { ...config.service, telemetry: { ...config.service.telemetry, resource } } };
}

function storingConfig(settings: Settings, name: string): CollectorConfig {
  const base = nativeYaml<CollectorConfig>("otel-collector/collector.yaml");
  const withStores = logStores(metricStores(base, settings), settings, directoryOf(name));
  const replicated = name === "otel-gateway" && settings.replicas["otel-gateway"] > 1;
  const told = replicated ? replicaLabel(withStores) : withStores;
  const judged = settings.traceSampling ? sampled(told, settings.traceSampling) : told;
  return named(throughKafka(judged, settings, name, directoryOf(name)), settings, name);
}

/** Every copy of Prometheus gets every metric that comes as OTLP; what is scraped they all scrape. */
function metricStores(config: CollectorConfig, settings: Settings): CollectorConfig {
  const addresses = replicaAddresses(settings, "prometheus", 9090);
  if (addresses.length === 1) return config;
  const { "otlphttp/prometheus": exporter, ...others } = config.exporters;
  const exporters = addresses.map(
    (address, index) =>
      [`otlphttp/prometheus-${index}`, { ...(exporter as object), endpoint: `http://${address}/api/v1/otlp` }] as const,
  );
  const pipeline = config.service.pipelines.metrics as Pipeline;
  return withPipelines(
    { ...config, exporters: { ...others, ...Object.fromEntries(exporters) } },
    { metrics: { ...pipeline, exporters: exporters.map(([name]) => name) } },
  );
}

function logStores(config: CollectorConfig, settings: Settings, directory: string): CollectorConfig {
  const { loki, elk } = settings;
  const { "otlphttp/loki": lokiExporter, ...others } = config.exporters;
  const { elasticsearch } = nativeYaml<{ elasticsearch: object }>("otel-collector/elasticsearch.yaml");
  const exporters = {
    ...(loki ? { "otlphttp/loki": lokiExporter } : {}),
    ...(elk
      ? {
          elasticsearch: {
            ...elasticsearch,
            endpoints: [elasticsearchUrl()],
            logs_index: otlpLogsStream(settings),
            password: `\${file:${directory}/${ELASTIC_PASSWORD_FILE}}`,
            tls: { ca_file: `${directory}/${AUTHORITY_FILE}` },
          },
        }
      : {}),
  };
  const pipeline = config.service.pipelines.logs as Pipeline;
  return withPipelines(
    { ...config, exporters: { ...others, ...exporters } },
    { logs: { ...pipeline, exporters: Object.keys(exporters) } },
  );
}

function elasticsearchSecrets(settings: Settings, secrets: ProgramSecrets): ConfigFile[] {
  return [
    { path: ELASTIC_PASSWORD_FILE, content: userPassword(secrets, "otel"), secret: true },
    { path: AUTHORITY_FILE, content: elasticsearchAuthority(settings, secrets), secret: true },
  ];
}

/** Two gateways count the spans of one service each for itself: without a label their series would be one. */
function replicaLabel(config: CollectorConfig): CollectorConfig {
  const processor = {
    metric_statements: [
      { context: "datapoint", statements: ['set(datapoint.attributes["collector_replica"], "${env:REPLICA}")'] },
    ],
  };
  const metrics = config.service.pipelines.metrics as Pipeline;
  return withPipelines(
    { ...config, processors: { ...config.processors, "transform/replica": processor } },
    {
      metrics: { ...metrics, receivers: ["otlp"] },
      "metrics/spans": {
        receivers: ["spanmetrics"],
        processors: [...metrics.processors, "transform/replica"],
        exporters: metrics.exporters,
      },
    },
  );
}

/** Span metrics count every span; only then a trace is kept or not. */
function sampled(config: CollectorConfig, { percentage, slowerThanSeconds }: TraceSampling): CollectorConfig {
  const policies = [
    { name: "failed", type: "status_code", status_code: { status_codes: ["ERROR"] } },
    { name: "slow", type: "latency", latency: { threshold_ms: slowerThanSeconds * 1_000 } },
    {
      name: "verification",
      type: "string_attribute",
      string_attribute: { key: "service.name", values: [VERIFICATION_SERVICE] },
    },
    { name: "share", type: "probabilistic", probabilistic: { sampling_percentage: percentage } },
  ];
  const traces = config.service.pipelines.traces as Pipeline;
  return withPipelines(
    {
      ...config,
      processors: { ...config.processors, tail_sampling: { decision_wait: DECISION_WAIT, policies } },
      connectors: { ...config.connectors, "forward/sampled": {} },
    },
    {
      traces: { ...traces, exporters: ["spanmetrics", "forward/sampled"] },
      "traces/sampled": {
        receivers: ["forward/sampled"],
        processors: ["tail_sampling"],
        exporters: traces.exporters.filter((exporter) => exporter !== "spanmetrics"),
      },
    },
  );
}
