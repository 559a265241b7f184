import { images } from "../images";
import type { Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import { COLLECTOR, OTLP, storesOf, storingFiles } from "./collector-config";
import { kafkaPeers } from "./collector-kafka";
import { goHeap } from "./limits";
import type { ProgramSecrets } from "./secrets";

/** The collectors behind the agents: all spans of a trace come to the same one, so it can count, judge and store them. */
export function otelGateway(settings: Settings, secrets: ProgramSecrets): Workload {
  const replicas = settings.replicas["otel-gateway"];
  const { innerPorts, ...collector } = COLLECTOR;
  return {
    ...collector,
    name: "otel-gateway",
    image: images.otelCollector,
    env: goHeap(settings.resources["otel-gateway"]),
    ...(replicas > 1 ? { placeEnv: { REPLICA: "replica-name" } } : {}),
    ...storingFiles(settings, secrets, "otel-gateway"),
    ports: [{ ...OTLP.grpc, reach: { from: "peers" } }, ...innerPorts],
    data: [{ name: "otel-gateway", path: "/var/lib/otelcol", size: settings.storage["otel-gateway"] }],
    resources: settings.resources["otel-gateway"],
    placement: replicas > 1 ? { kind: "replicated", replicas, spread: settings.spread } : { kind: "single" },
    talksTo: [...storesOf(settings), ...kafkaPeers(settings)],
    ...(settings.elk ? { after: ["elasticsearch-setup"] } : {}),
  };
}
