import { images } from "../images";
import type { Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import { goHeap } from "./limits";
import { nativeYaml, toYaml } from "./native-file";

const PORT = 9080;

interface PromtailConfig {
  clients: { url: string; external_labels?: Record<string, string> }[];
}

/** Promtail: ships the log of every container of the engine to Loki. */
export function promtail(settings: Settings): Workload {
  const base = nativeYaml<PromtailConfig>("promtail/promtail.yaml");
  const config: PromtailConfig = {
    ...base,
    clients: base.clients.map((client) => ({ ...client, external_labels: { environment: settings.environment } })),
  };
  return {
    name: "promtail",
    image: images.promtail,
    args: ["-config.file=/etc/promtail/promtail.yaml"],
    env: goHeap(settings.resources.promtail),
    files: { directory: "/etc/promtail", entries: [{ path: "promtail.yaml", content: toYaml(config) }] },
    ports: [{ name: "http", number: PORT, reach: { from: "peers" } }],
    metrics: { port: PORT, path: "/metrics" },
    data: [{ name: "promtail", path: "/var/lib/promtail", size: settings.storage.promtail }],
    resources: settings.resources.promtail,
    health: { path: "/ready", port: PORT, check: "outside", startupSeconds: 30 },
    placement: { kind: "every-node" },
    runsAs: { uid: 0, gid: 0 },
    privileges: [
      {
        kind: "host-path",
        hostPath: "/var/run/docker.sock",
        path: "/var/run/docker.sock",
        reason: "finds the containers and reads their logs; the engine's socket belongs to root",
      },
    ],
    talksTo: ["loki"],
  };
}
