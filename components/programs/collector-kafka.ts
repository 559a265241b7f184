import type { ConfigFile } from "../platform/workload";
import type { Kafka, Settings } from "../settings/settings";
import { outsidePeers, serviceAddress } from "./addresses";
import { withPipelines, type CollectorConfig, type Pipeline } from "./collector-pipelines";
import { nativeYaml } from "./native-file";

const PASSWORD_FILE = "secrets/kafka-password";
const AUTHORITY_FILE = "kafka-ca.crt";

/** What goes through Kafka. Not metrics: Prometheus refuses samples that are older than those it has. */
const SIGNALS = ["traces", "logs"] as const;

/** The programs of the platform that a collector reaches Kafka among. */
export function kafkaPeers({ kafka }: Settings): string[] {
  return kafka ? outsidePeers(kafka.brokers) : [];
}

/** The files that a collector logs in at Kafka with. */
export function kafkaFiles({ kafka }: Settings): ConfigFile[] {
  return [
    ...(kafka?.login ? [{ path: PASSWORD_FILE, content: kafka.login.password, secret: true }] : []),
    ...(kafka?.authority === undefined ? [] : [{ path: AUTHORITY_FILE, content: kafka.authority }]),
  ];
}

/** A collector whose pipelines of traces and logs end in Kafka instead of at their own exporters. */
export function intoKafka(config: CollectorConfig, settings: Settings, directory: string): CollectorConfig {
  const { kafka } = settings;
  if (kafka === undefined) return config;
  const pipelines = pipelinesOf(config, (pipeline) => ({ ...pipeline, exporters: ["kafka"] }));
  const others = Object.fromEntries(Object.entries(config.exporters).filter(([name]) => name !== "loadbalancing"));
  const exporters = { ...others, kafka: exporter(settings, kafka, directory) };
  return withPipelines({ ...config, exporters }, pipelines);
}

/**
 * A collector that stores what it takes from Kafka. A gateway also stores what agents of before Kafka still send; the only
 * collector of a stack puts what it is sent into Kafka first.
 */
export function throughKafka(
  config: CollectorConfig,
  settings: Settings,
  name: string,
  directory: string,
): CollectorConfig {
  const { kafka } = settings;
  if (kafka === undefined) return config;
  const receivers = { ...config.receivers, kafka: receiver(settings, kafka, directory) };
  if (name === "otel-gateway") {
    const stored = pipelinesOf(config, (pipeline) => ({ ...pipeline, receivers: ["otlp", "kafka"] }));
    return withPipelines({ ...config, receivers }, stored);
  }
  const queued = { ...exporter(settings, kafka, directory), sending_queue: { storage: "file_storage" } };
  const stored = pipelinesOf(config, (pipeline) => ({ ...pipeline, receivers: ["kafka"] }));
  const received = pipelinesOf(config, (pipeline) => ({ ...pipeline, exporters: ["kafka"] }));
  return withPipelines(withViews({ ...config, receivers, exporters: { ...config.exporters, kafka: queued } }), {
    ...stored,
    ...Object.fromEntries(SIGNALS.map((signal) => [`${signal}/received`, received[signal] as Pipeline])),
  });
}

function pipelinesOf({ service }: CollectorConfig, change: (pipeline: Pipeline) => Pipeline): Record<string, Pipeline> {
  return Object.fromEntries(SIGNALS.map((signal) => [signal, change(service.pipelines[signal] as Pipeline)]));
}

function withViews(config: CollectorConfig): CollectorConfig {
  const { telemetry } = config.service;
  const metrics = { ...(telemetry.metrics as object), views: native().views };
  return { ...config, service: { ...config.service, telemetry: { ...telemetry, metrics } } };
}

function native(): { readonly exporter: object; readonly receiver: object; readonly views: readonly object[] } {
  return nativeYaml("otel-collector/kafka.yaml");
}

function exporter(settings: Settings, kafka: Kafka, directory: string): object {
  return { ...native().exporter, ...topics(kafka), ...connection(settings, kafka, directory) };
}

/** All copies of the gateway are one group, whose members share the partitions. */
function receiver(settings: Settings, kafka: Kafka, directory: string): object {
  const group = { group_id: kafka.topicPrefix };
  return { ...native().receiver, ...group, ...topics(kafka), ...connection(settings, kafka, directory) };
}

function topics({ topicPrefix }: Kafka): object {
  return Object.fromEntries(SIGNALS.map((signal) => [signal, { topic: `${topicPrefix}.${signal}` }]));
}

function connection(settings: Settings, { brokers, tls, authority, login }: Kafka, directory: string): object {
  return {
    brokers: brokers.map((broker) => serviceAddress(settings, broker)),
    ...(tls
      ? { tls: { insecure: false, ...(authority === undefined ? {} : { ca_file: `${directory}/${AUTHORITY_FILE}` }) } }
      : {}),
    ...(login
      ? {
          auth: {
            sasl: {
              username: login.user,
              mechanism: login.mechanism,
              password: `\${file:${directory}/${PASSWORD_FILE}}`,
            },
          },
        }
      : {}),
  };
}
