import { images } from "../images";
import { CLUSTER_API, type ConfigFile, type Privilege, type Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import {
  ELASTICSEARCH,
  ELASTICSEARCH_SETUP,
  elasticsearchUrl,
  logsStream,
  userPassword,
  type ElkStore,
} from "./elasticsearch-access";
import { goHeap } from "./limits";
import { CONTAINER_LOGS, POD_LOGS, PODS } from "./log-files";
import { LOGSTASH_PORT, logstashHosts } from "./logstash";
import { nativeText, nativeYaml, toYaml } from "./native-file";
import type { ProgramSecrets } from "./secrets";

const PORT = 5066;
const DIRECTORY = "/etc/filebeat";
const SECRETS = `${DIRECTORY}/secrets`;
const DATA = "/var/lib/filebeat";
const METADATA = "add_kubernetes_metadata";

interface FilebeatConfig {
  readonly name?: string;
  readonly "filebeat.inputs": readonly object[];
  readonly processors: readonly object[];
}

const DOCKER: readonly Privilege[] = [
  CONTAINER_LOGS,
  {
    kind: "host-path",
    hostPath: "/var/run/docker.sock",
    path: "/var/run/docker.sock",
    reason: "finds the containers' names and labels; the engine's socket belongs to root",
  },
];

/** Filebeat: ships the log of every container of the engine, or of every pod of its node, to Elasticsearch. */
export function filebeat(settings: Settings, store: ElkStore, secrets: ProgramSecrets): Workload {
  const onCluster = settings.kubernetes !== undefined;
  const next = store.logstash ? "logstash" : ELASTICSEARCH;
  return {
    name: "filebeat",
    image: images.filebeat,
    args: [
      "--environment=container",
      // The files belong to whom the platform gives them.
      "--strict.perms=false",
      "-c",
      `${DIRECTORY}/filebeat.yml`,
      ...(store.logstash ? [] : ["-c", `${SECRETS}/output.yml`]),
    ],
    env: goHeap(settings.resources.filebeat),
    ...(onCluster ? { placeEnv: { NODE_NAME: "node-name" } } : {}),
    files: {
      directory: DIRECTORY,
      entries: [
        { path: "filebeat.yml", content: toYaml(config(settings, store)) },
        ...[onCluster ? "kubernetes.js" : "docker.js", "line.js"].map((path) => ({
          path,
          content: nativeText(`filebeat/${path}`),
        })),
        ...secretFiles(store, secrets),
      ],
    },
    ports: [{ name: "http", number: PORT, reach: { from: "peers" } }],
    data: [{ name: "filebeat", path: DATA, size: settings.storage.filebeat }],
    scratch: [{ path: "/tmp", size: 16 * 2 ** 20 }],
    resources: settings.resources.filebeat,
    health: {
      path: "/",
      port: PORT,
      check: ["curl", "-fs", "-o", "/dev/null", `http://127.0.0.1:${PORT}/`],
      startupSeconds: 60,
    },
    placement: { kind: "every-node" },
    runsAs: { uid: 0, gid: 0 },
    privileges: onCluster ? [POD_LOGS] : DOCKER,
    talksTo: [next, ...(onCluster ? [CLUSTER_API] : [])],
    after: [store.logstash ? "logstash" : ELASTICSEARCH_SETUP],
    ...(onCluster ? { clusterAccess: [PODS] } : {}),
  };
}

function config(settings: Settings, store: ElkStore): Record<string, unknown> {
  const base = nativeYaml<FilebeatConfig>("filebeat/filebeat.yml");
  return {
    ...base,
    ...(settings.kubernetes ? onKubernetes(base) : {}),
    // At the root of a document, as on every sample and trace.
    fields: { environment: settings.environment },
    fields_under_root: true,
    ...(store.logstash
      ? { "output.logstash": toLogstash(settings) }
      : { "output.elasticsearch": toElasticsearch(settings) }),
  };
}

/**
 * The other input, and the other way to find out where a line is from; what is read in it stays the same. Each copy asks only
 * for the pods of its own node.
 */
function onKubernetes({ processors }: FilebeatConfig): FilebeatConfig {
  const pods = nativeYaml<FilebeatConfig>("filebeat/kubernetes.yml");
  const placed = pods.processors.map((processor) =>
    METADATA in processor ? { [METADATA]: { host: "${NODE_NAME}", ...(processor[METADATA] as object) } } : processor,
  );
  // The pod's own name would stand for the host in every document.
  return { ...pods, name: "${NODE_NAME}", processors: [...placed, ...processors.slice(2)] };
}

function toElasticsearch(settings: Settings): object {
  return {
    hosts: [elasticsearchUrl()],
    username: "filebeat",
    index: logsStream(settings),
    // The two are pinned apart, and one may be upgraded before the other.
    allow_older_versions: true,
    ssl: { certificate_authorities: [`${SECRETS}/ca.crt`], verification_mode: "full" },
  };
}

function toLogstash(settings: Settings): object {
  const hosts = logstashHosts(settings).map((host) => `${host}:${LOGSTASH_PORT}`);
  return {
    hosts,
    loadbalance: hosts.length > 1,
    ssl: {
      certificate_authorities: [`${SECRETS}/ca.crt`],
      verification_mode: "full",
      certificate: `${SECRETS}/filebeat.crt`,
      key: `${SECRETS}/filebeat.key`,
    },
  };
}

/** Towards Elasticsearch a password, towards Logstash a certificate. */
function secretFiles({ logstash }: ElkStore, secrets: ProgramSecrets): ConfigFile[] {
  const { authority, certificate, key } = secrets.tlsIdentity("filebeat", ["filebeat"]);
  const password = () =>
    userPassword(secrets, "filebeat").apply((text) => toYaml({ "output.elasticsearch.password": text }));
  const contents = {
    "ca.crt": authority,
    ...(logstash ? { "filebeat.crt": certificate, "filebeat.key": key } : { "output.yml": password() }),
  };
  return Object.entries(contents).map(([name, content]) => ({ path: `secrets/${name}`, content, secret: true }));
}
