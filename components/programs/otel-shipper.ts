import { images } from "../images";
import { CLUSTER_API, type Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import { formatDuration } from "../units";
import { COLLECTOR, collectorFiles, named } from "./collector-config";
import { withPipelines, type CollectorConfig, type Pipeline } from "./collector-pipelines";
import { goHeap } from "./limits";
import { CONTAINER_LOGS, POD_LOGS, PODS } from "./log-files";
import { OLDEST_LINE } from "./loki";
import { nativeYaml } from "./native-file";

const NAME = "otel-shipper";

interface Filelog {
  readonly include: readonly string[];
  readonly operators: readonly { readonly id?: string }[];
}

/**
 * A collector that ships the log of every container of the engine, or of every pod of its node, to Loki: in Promtail's place, with
 * the same labels. It asks no Docker engine.
 */
export function otelShipper(settings: Settings, { retentionSeconds }: NonNullable<Settings["loki"]>): Workload {
  const onCluster = settings.kubernetes !== undefined;
  const { innerPorts, ...collector } = COLLECTOR;
  return {
    ...collector,
    name: NAME,
    image: images.otelCollector,
    env: goHeap(settings.resources[NAME]),
    ...(onCluster ? { placeEnv: { NODE_NAME: "node-name" } } : {}),
    ...collectorFiles(NAME, named(shipperConfig(settings, retentionSeconds), settings, NAME)),
    ports: innerPorts,
    data: [{ name: NAME, path: "/var/lib/otelcol", size: settings.storage[NAME] }],
    resources: settings.resources[NAME],
    placement: { kind: "every-node" },
    runsAs: { uid: 0, gid: 0 },
    privileges: [onCluster ? POD_LOGS : CONTAINER_LOGS],
    talksTo: ["loki", ...(onCluster ? [CLUSTER_API] : [])],
    ...(onCluster ? { after: ["loki"], clusterAccess: [PODS] } : {}),
  };
}

function shipperConfig(settings: Settings, retentionSeconds: number): CollectorConfig {
  const base = nativeYaml<CollectorConfig>("otel-collector/shipper.yaml");
  const config = settings.kubernetes ? ofPods(base) : base;
  const filelog = {
    ...filelogOf(config),
    resource: { environment: settings.environment },
    // Loki would refuse what stands in older files.
    exclude_older_than: formatDuration(Math.min(retentionSeconds, OLDEST_LINE)),
  };
  return { ...config, receivers: { filelog } };
}

/** The other files, and the other way to find out where a line is from; how it is read stays the same. */
function ofPods(base: CollectorConfig): CollectorConfig {
  const pods = nativeYaml<Pick<CollectorConfig, "receivers" | "processors">>("otel-collector/shipper-kubernetes.yaml");
  const [docker, cluster] = [filelogOf(base), filelogOf(pods)];
  const lastOfPlace = docker.operators.findIndex(({ id }) => id === "place");
  const filelog = {
    ...docker,
    ...cluster,
    operators: [...cluster.operators, ...docker.operators.slice(lastOfPlace + 1)],
  };
  const logs = base.service.pipelines.logs as Pipeline;
  return withPipelines(
    { ...base, receivers: { filelog }, processors: { ...base.processors, ...pods.processors } },
    { logs: { ...logs, processors: [...logs.processors, ...Object.keys(pods.processors)] } },
  );
}

function filelogOf({ receivers }: Pick<CollectorConfig, "receivers">): Filelog {
  return receivers.filelog as Filelog;
}
