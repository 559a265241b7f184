import { images } from "../images";
import type { Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import { formatDuration } from "../units";
import { goHeap } from "./limits";
import { nativeYaml, toYaml } from "./native-file";

const PORT = 3100;
const WEEK = 7 * 86_400;

interface LokiConfig {
  limits_config: { retention_period: string; reject_old_samples_max_age: string };
}

/** Loki in one process. */
export function loki(settings: Settings, { retentionSeconds }: NonNullable<Settings["loki"]>): Workload {
  const base = nativeYaml<LokiConfig>("loki/loki.yaml");
  const config: LokiConfig = {
    ...base,
    limits_config: {
      ...base.limits_config,
      retention_period: formatDuration(retentionSeconds),
      // A line older than what is kept would be taken in only to be deleted.
      reject_old_samples_max_age: formatDuration(Math.min(retentionSeconds, WEEK)),
    },
  };
  return {
    name: "loki",
    image: images.loki,
    args: ["-config.file=/etc/loki/loki.yaml"],
    env: goHeap(settings.resources.loki),
    files: { directory: "/etc/loki", entries: [{ path: "loki.yaml", content: toYaml(config) }] },
    ports: [{ name: "http", number: PORT, reach: { from: "operator", published: settings.ports.loki } }],
    metrics: { port: PORT, path: "/metrics" },
    data: [{ name: "loki", path: "/loki", size: settings.storage.loki }],
    scratch: [{ path: "/tmp", size: 64 * 2 ** 20 }],
    resources: settings.resources.loki,
    health: { path: "/ready", port: PORT, check: ["/usr/bin/loki", "-health"], startupSeconds: 90 },
    placement: { kind: "single" },
    runsAs: { uid: 10_001, gid: 10_001 },
    talksTo: [],
  };
}
