import { images } from "../images";
import type { ConfigFile, Workload } from "../platform/workload";
import type { Settings, TraceStorage } from "../settings/settings";
import { formatDuration } from "../units";
import { elasticsearchAuthority, elasticsearchUrl, userPassword } from "./elk";
import { goHeap } from "./limits";
import { nativeText, nativeYaml, toYaml } from "./native-file";
import type { ProgramSecrets } from "./secrets";

const HEALTH_PORT = 13_133;
const DIRECTORY = "/etc/jaeger";
const AUTHORITY_FILE = "secrets/elasticsearch-ca.crt";
const PASSWORD_FILE = "secrets/elasticsearch-password";
const USER = "jaeger";
/** May delete the indices, which Jaeger itself may not. */
const CLEANER = "jaeger-cleaner";
const DAY = 86_400;
const MIB = 2 ** 20;

type Backend = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
type OnElasticsearch = Extract<TraceStorage, { kind: "elasticsearch" }>;

interface JaegerConfig {
  extensions: { jaeger_storage: { backends: { main: Backend } } };
}

/** Jaeger 2: stores and shows traces, for as long as the settings say. */
export function jaeger(settings: Settings, secrets: ProgramSecrets): Workload {
  const { traces, replicas, spread } = settings;
  const inElasticsearch = traces.kind === "elasticsearch";
  return {
    name: "jaeger",
    image: images.jaeger,
    args: [`--config=${DIRECTORY}/jaeger.yaml`],
    env: goHeap(settings.resources.jaeger),
    files: {
      directory: DIRECTORY,
      entries: [
        { path: "jaeger.yaml", content: toYaml(jaegerConfig(settings)) },
        ...(inElasticsearch
          ? [{ path: PASSWORD_FILE, content: userPassword(secrets, USER), secret: true }, authority(settings, secrets)]
          : []),
      ],
    },
    ports: [
      { name: "http", number: 16_686, reach: { from: "operator", published: settings.ports.jaeger } },
      { name: "otlp-grpc", number: 4317, reach: { from: "peers" } },
      { name: "metrics", number: 8888, reach: { from: "peers" } },
      { name: "health", number: HEALTH_PORT, reach: { from: "peers" } },
    ],
    metrics: { port: 8888, path: "/metrics" },
    ...(traces.kind === "badger" ? { data: [{ name: "jaeger", path: "/badger", size: settings.storage.jaeger }] } : {}),
    scratch: [{ path: "/tmp", size: 16 * MIB }],
    resources: settings.resources.jaeger,
    health: { path: "/status", port: HEALTH_PORT, check: "wget", startupSeconds: 60 },
    placement: replicas.jaeger > 1 ? { kind: "replicated", replicas: replicas.jaeger, spread } : { kind: "single" },
    runsAs: { uid: 10_001, gid: 10_001 },
    talksTo: ["prometheus", ...(inElasticsearch ? ["elasticsearch"] : [])],
    ...(inElasticsearch ? { after: ["elasticsearch-setup"] } : {}),
  };
}

/**
 * Deletes the days of Jaeger's indices that are past the retention, each night. Jaeger's own cleaner takes its password only as
 * an argument or from the environment, so a script does the same with a file.
 */
export function jaegerIndexCleaner(
  settings: Settings,
  { retentionSeconds }: OnElasticsearch,
  secrets: ProgramSecrets,
): Workload {
  const options = userPassword(secrets, CLEANER).apply(
    (password) => `user = "${CLEANER}:${password}"\ncacert = "${DIRECTORY}/${AUTHORITY_FILE}"\n`,
  );
  const days = Math.ceil(retentionSeconds / DAY);
  return {
    name: "jaeger-index-cleaner",
    image: images.elasticsearch,
    args: ["bash", `${DIRECTORY}/clean-indices.sh`, String(days), elasticsearchUrl(), `${DIRECTORY}/secrets/curl.conf`],
    files: {
      directory: DIRECTORY,
      entries: [
        { path: "clean-indices.sh", content: nativeText("jaeger/clean-indices.sh") },
        { path: "secrets/curl.conf", content: options, secret: true },
        authority(settings, secrets),
      ],
    },
    ports: [],
    resources: { memory: 64 * MIB, cpu: 0.1 },
    health: { port: 0, check: "outside", startupSeconds: 60 },
    placement: { kind: "scheduled", schedule: "55 23 * * *" },
    runsAs: { uid: 1_000, gid: 0 },
    talksTo: ["elasticsearch"],
    after: ["elasticsearch-setup"],
  };
}

function authority(settings: Settings, secrets: ProgramSecrets): ConfigFile {
  return { path: AUTHORITY_FILE, content: elasticsearchAuthority(settings, secrets), secret: true };
}

function jaegerConfig(settings: Settings): JaegerConfig {
  const base = nativeYaml<JaegerConfig>("jaeger/jaeger.yaml");
  const storage = base.extensions.jaeger_storage;
  const main = backend(settings, storage.backends.main);
  return {
    ...base,
    extensions: { ...base.extensions, jaeger_storage: { ...storage, backends: { ...storage.backends, main } } },
  };
}

function backend({ traces, replicas }: Settings, base: Backend): Backend {
  switch (traces.kind) {
    case "badger":
      return { badger: { ...base.badger, ttl: { spans: formatDuration(traces.retentionSeconds) } } };
    case "memory":
      return { memory: { max_traces: traces.maxTraces } };
    case "elasticsearch": {
      const { elasticsearch } = nativeYaml<{ elasticsearch: object }>("jaeger/elasticsearch.yaml");
      const copies = { shards: 1, replicas: replicas.elasticsearch > 1 ? 1 : 0 };
      const indices = { spans: copies, services: copies, dependencies: copies, sampling: copies };
      // How far back it looks, three days if nothing is said. Indices go by the day, so the oldest is up to a day older.
      const max_span_age = formatDuration(traces.retentionSeconds + DAY);
      return { elasticsearch: { ...elasticsearch, server_urls: [elasticsearchUrl()], max_span_age, indices } };
    }
  }
}
