import { images } from "../images";
import { replicaNames, type ConfigFile, type DataVolume, type Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import {
  curlOptions,
  ELASTICSEARCH,
  ELASTICSEARCH_PORT,
  ELASTICSEARCH_SNAPSHOTS,
  elasticsearchIdentity,
  userPassword,
  type ElkStore,
} from "./elasticsearch-access";
import { nativeText, nativeYaml, toYaml } from "./native-file";
import type { ProgramSecrets } from "./secrets";

const TRANSPORT_PORT = 9300;
const READINESS_PORT = 9400;
const DIRECTORY = "/etc/elasticsearch";
const HOME = "/usr/share/elasticsearch";
const RUNNING_CONFIGURATION = "/tmp/config";
const MIB = 2 ** 20;

/** Shares of the volume that must be free for a new copy, for any shard, and to write at all: the vendor's shares. */
const FREE_SHARES = { low: 0.15, high: 0.1, flood_stage: 0.05 };

/** Who asks from inside the container, on an operator's behalf: the user, by the file with which curl logs in as it. */
const OPERATORS = { "reader.conf": "grafana", "backup.conf": "backup" } as const;

/** Elasticsearch: one node, or a cluster of three and more that are all alike. */
export function elasticsearch(settings: Settings, store: ElkStore, secrets: ProgramSecrets): Workload {
  const nodes = settings.replicas.elasticsearch;
  const snapshots = snapshotVolume(settings, store);
  return {
    name: ELASTICSEARCH,
    image: images.elasticsearch,
    args: ["bash", `${DIRECTORY}/start.sh`, DIRECTORY, RUNNING_CONFIGURATION],
    files: {
      directory: DIRECTORY,
      entries: [
        { path: "start.sh", content: nativeText("elasticsearch/start.sh") },
        { path: "elasticsearch.yml", content: toYaml(config(settings, snapshots)) },
        { path: "jvm.options", content: jvmOptions(settings) },
        ...secretFiles(settings, secrets),
      ],
    },
    ports: [
      { name: "https", number: ELASTICSEARCH_PORT, reach: { from: "peers" } },
      { name: "transport", number: TRANSPORT_PORT, reach: { from: "peers" } },
      { name: "readiness", number: READINESS_PORT, reach: { from: "peers" } },
    ],
    data: [
      { name: ELASTICSEARCH, path: `${HOME}/data`, size: settings.storage.elasticsearch, clustered: true },
      ...(snapshots ? [snapshots] : []),
    ],
    scratch: [
      { path: "/tmp", size: 64 * MIB },
      { path: `${HOME}/logs`, size: 16 * MIB },
    ],
    resources: settings.resources.elasticsearch,
    health: {
      port: READINESS_PORT,
      alive: ELASTICSEARCH_PORT,
      check: ["bash", "-c", `exec 3<>/dev/tcp/127.0.0.1/${READINESS_PORT}`],
      startupSeconds: 180,
    },
    placement: nodes > 1 ? { kind: "replicated", replicas: nodes, spread: settings.spread } : { kind: "single" },
    runsAs: { uid: 1_000, gid: 0 },
    talksTo: nodes > 1 ? [ELASTICSEARCH] : [],
  };
}

/** Where snapshots go: every node must write there, so several need a volume that they share. */
function snapshotVolume({ replicas, storage }: Settings, { snapshots }: ElkStore): DataVolume | undefined {
  const volume = {
    name: ELASTICSEARCH_SNAPSHOTS,
    path: `${HOME}/snapshots`,
    size: storage[ELASTICSEARCH_SNAPSHOTS],
  };
  if (replicas.elasticsearch === 1) return volume;
  return snapshots && { ...volume, shared: { storageClass: snapshots.storageClass } };
}

function config({ replicas, storage }: Settings, snapshots: DataVolume | undefined): Record<string, unknown> {
  const { "path.repo": repositories, ...base } = nativeYaml<Record<string, unknown>>("elasticsearch/elasticsearch.yml");
  const watermarks = Object.entries(FREE_SHARES).map(([level, share]) => [
    `cluster.routing.allocation.disk.watermark.${level}`,
    `${Math.floor((storage.elasticsearch * share) / MIB)}mb`,
  ]);
  const common = {
    ...base,
    ...Object.fromEntries(watermarks),
    ...(snapshots ? { "path.repo": repositories } : {}),
  };
  const nodes = replicaNames(ELASTICSEARCH, replicas.elasticsearch);
  if (nodes.length === 1) return { ...common, "node.name": ELASTICSEARCH, "discovery.type": "single-node" };
  return {
    ...common,
    "node.name": "${HOSTNAME}",
    "discovery.seed_hosts": nodes.map((host) => `${host}:${TRANSPORT_PORT}`),
    // Heeded only until the cluster has formed once.
    "cluster.initial_master_nodes": nodes.map((host) => host.split(".")[0]),
  };
}

/** The heap of a fixed size: a server that may grow would be ended by its limit instead of collecting garbage. */
function jvmOptions({ resources }: Settings): string {
  const heap = `${Math.floor(resources.elasticsearch.heap / MIB)}m`;
  return `${nativeText("elasticsearch/jvm.options")}-Xms${heap}\n-Xmx${heap}\n`;
}

function secretFiles(settings: Settings, secrets: ProgramSecrets): ConfigFile[] {
  const { authority, certificate, key } = elasticsearchIdentity(settings, secrets);
  const contents = {
    "ca.crt": authority,
    "node.crt": certificate,
    "node.key": key,
    "elastic-password": secrets.elasticPassword,
    ...Object.fromEntries(
      Object.entries(OPERATORS).map(([file, user]) => [
        file,
        curlOptions(user, userPassword(secrets, user), `${DIRECTORY}/secrets/ca.crt`),
      ]),
    ),
  };
  return Object.entries(contents).map(([name, content]) => ({ path: `secrets/${name}`, content, secret: true }));
}
