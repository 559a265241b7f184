import { images } from "../images";
import { CLUSTER_API, type Privilege, type Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import { goHeap } from "./limits";
import { POD_LOGS, PODS } from "./log-files";
import { nativeYaml, toYaml } from "./native-file";

const PORT = 9080;

interface ScrapeConfig {
  readonly job_name: string;
  readonly pipeline_stages: readonly object[];
}

interface PromtailConfig {
  readonly clients: readonly { readonly url: string; readonly external_labels?: Record<string, string> }[];
  readonly scrape_configs: readonly ScrapeConfig[];
}

const DOCKER: readonly Privilege[] = [
  {
    kind: "host-path",
    hostPath: "/var/run/docker.sock",
    path: "/var/run/docker.sock",
    reason: "finds the containers and reads their logs; the engine's socket belongs to root",
  },
];

/** Promtail: ships the log of every container of the engine, or of every pod of its node, to Loki. */
export function promtail(settings: Settings): Workload {
  const onCluster = settings.kubernetes !== undefined;
  return {
    name: "promtail",
    image: images.promtail,
    args: ["-config.file=/etc/promtail/promtail.yaml"],
    env: goHeap(settings.resources.promtail),
    // Promtail compares the host label of its targets with this name.
    ...(onCluster ? { placeEnv: { HOSTNAME: "node-name" } } : {}),
    files: {
      directory: "/etc/promtail",
      entries: [{ path: "promtail.yaml", content: toYaml(promtailConfig(settings)) }],
    },
    ports: [{ name: "http", number: PORT, reach: { from: "peers" } }],
    metrics: { port: PORT, path: "/metrics" },
    data: [{ name: "promtail", path: "/var/lib/promtail", size: settings.storage.promtail }],
    resources: settings.resources.promtail,
    health: { path: "/ready", port: PORT, check: "outside", startupSeconds: 30 },
    placement: { kind: "every-node" },
    runsAs: { uid: 0, gid: 0 },
    privileges: onCluster ? [POD_LOGS] : DOCKER,
    talksTo: ["loki", ...(onCluster ? [CLUSTER_API] : [])],
    // Where all go at once it would wait a minute for a Loki that is gone. An engine ends it sooner.
    ...(onCluster ? { after: ["loki"] } : {}),
    ...(onCluster ? { clusterAccess: [PODS] } : {}),
  };
}

function promtailConfig({ environment, kubernetes }: Settings): PromtailConfig {
  const base = nativeYaml<PromtailConfig>("promtail/promtail.yaml");
  const clients = base.clients.map((client) => ({ ...client, external_labels: { environment } }));
  if (kubernetes === undefined) return { ...base, clients };
  const job = nativeYaml<ScrapeConfig>("promtail/kubernetes.yaml");
  const lines = base.scrape_configs.flatMap(({ pipeline_stages }) => pipeline_stages);
  return { ...base, clients, scrape_configs: [{ ...job, pipeline_stages: [...job.pipeline_stages, ...lines] }] };
}
