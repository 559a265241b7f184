import { images } from "../images";
import type { Workload } from "../platform/workload";
import type { Settings, TraceStorage } from "../settings/settings";
import { formatDuration } from "../units";
import { goHeap } from "./limits";
import { nativeYaml, toYaml } from "./native-file";

const HEALTH_PORT = 13_133;

interface JaegerConfig {
  extensions: { jaeger_storage: { backends: { main: Record<string, Record<string, unknown>> } } };
}

/** Jaeger 2: stores and shows traces, for as long as the settings say. */
export function jaeger(settings: Settings): Workload {
  const { traces } = settings;
  return {
    name: "jaeger",
    image: images.jaeger,
    args: ["--config=/etc/jaeger/jaeger.yaml"],
    env: goHeap(settings.resources.jaeger),
    files: { directory: "/etc/jaeger", entries: [{ path: "jaeger.yaml", content: toYaml(jaegerConfig(traces)) }] },
    ports: [
      { name: "http", number: 16_686, reach: { from: "operator", published: settings.ports.jaeger } },
      { name: "otlp-grpc", number: 4317, reach: { from: "peers" } },
      { name: "metrics", number: 8888, reach: { from: "peers" } },
      { name: "health", number: HEALTH_PORT, reach: { from: "peers" } },
    ],
    metrics: { port: 8888, path: "/metrics" },
    ...(traces.kind === "badger" ? { data: [{ name: "jaeger", path: "/badger", size: settings.storage.jaeger }] } : {}),
    scratch: [{ path: "/tmp", size: 16 * 2 ** 20 }],
    resources: settings.resources.jaeger,
    health: { path: "/status", port: HEALTH_PORT, check: "wget", startupSeconds: 60 },
    placement: { kind: "single" },
    runsAs: { uid: 10_001, gid: 10_001 },
    talksTo: ["prometheus"],
  };
}

function jaegerConfig(traces: TraceStorage): JaegerConfig {
  const base = nativeYaml<JaegerConfig>("jaeger/jaeger.yaml");
  const main: Record<string, Record<string, unknown>> = traces.kind === "badger"
    ? {
        badger: {
          ...base.extensions.jaeger_storage.backends.main.badger,
          ttl: { spans: formatDuration(traces.retentionSeconds) },
        },
      }
    : { memory: { max_traces: traces.maxTraces } };
  const storage = base.extensions.jaeger_storage;
  return {
    ...base,
    extensions: { ...base.extensions, jaeger_storage: { ...storage, backends: { ...storage.backends, main } } },
  };
}
