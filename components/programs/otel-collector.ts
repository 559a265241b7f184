import { images } from "../images";
import type { Port, Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import { replicaAddresses } from "./addresses";
import { COLLECTOR, collectorFiles, directoryOf, named, OTLP, storesOf, storingFiles } from "./collector-config";
import { intoKafka, kafkaFiles, kafkaPeers } from "./collector-kafka";
import type { CollectorConfig } from "./collector-pipelines";
import { goHeap } from "./limits";
import { nativeYaml } from "./native-file";
import type { ProgramSecrets } from "./secrets";

/**
 * The OpenTelemetry Collector that services send to. OTLP in; traces to Jaeger and span metrics, metrics to Prometheus, logs to
 * the log stores. Where the stack has a gateway this is an agent on every node, and the gateway does the rest.
 */
export function otelCollector(settings: Settings, secrets: ProgramSecrets): Workload {
  const { innerPorts, ...collector } = COLLECTOR;
  const shared = {
    ...collector,
    name: "otel-collector",
    image: images.otelCollector,
    env: goHeap(settings.resources["otel-collector"]),
    ports: [...servicePorts(settings), ...innerPorts],
    resources: settings.resources["otel-collector"],
  };
  if (settings.collectorGateway) {
    return {
      ...shared,
      ...collectorFiles("otel-collector", agentConfig(settings), kafkaFiles(settings)),
      placement: { kind: "every-node", local: true },
      talksTo: ["otel-gateway", ...kafkaPeers(settings)],
    };
  }
  return {
    ...shared,
    ...storingFiles(settings, secrets, "otel-collector"),
    data: [{ name: "otel-collector", path: "/var/lib/otelcol", size: settings.storage["otel-collector"] }],
    placement: { kind: "single" },
    talksTo: [...storesOf(settings), ...kafkaPeers(settings)],
    ...(settings.elk ? { after: ["elasticsearch-setup"] } : {}),
  };
}

function servicePorts({ ports: { "otlp-grpc": grpc, "otlp-http": http } }: Settings): Port[] {
  return [
    { ...OTLP.grpc, reach: { from: "services", ...(grpc ? { published: grpc } : {}) } },
    { ...OTLP.http, reach: { from: "services", ...(http ? { published: http } : {}) } },
  ];
}

function agentConfig(settings: Settings): CollectorConfig {
  const base = nativeYaml<CollectorConfig>("otel-collector/agent.yaml");
  const hostnames = replicaAddresses(settings, "otel-gateway", OTLP.grpc.number);
  const loadbalancing = { ...(base.exporters.loadbalancing as object), resolver: { static: { hostnames } } };
  const config = { ...base, exporters: { ...base.exporters, loadbalancing } };
  return named(intoKafka(config, settings, directoryOf("otel-collector")), settings, "otel-collector");
}
