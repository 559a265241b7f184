import type { Output } from "@pulumi/pulumi";

import { images } from "../images";
import type { ConfigFile, Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import { formatDuration } from "../units";
import { goHeap } from "./limits";
import { nativeFiles, nativeText, nativeYaml, toYaml } from "./native-file";

const PORT = 3000;
const DIRECTORY = "/etc/grafana";
const DATA_SOURCES = "provisioning/datasources/datasources.yaml";
const PASSWORD_FILE = "secrets/admin-password";

/** Grafana with provisioned data sources and dashboards. */
export function grafana(settings: Settings, adminPassword: Output<string>): Workload {
  return {
    name: "grafana",
    image: images.grafana,
    env: {
      ...goHeap(settings.resources.grafana),
      GF_SECURITY_ADMIN_USER: settings.grafana.adminUser,
      GF_SECURITY_ADMIN_PASSWORD__FILE: `${DIRECTORY}/${PASSWORD_FILE}`,
      GF_SERVER_ROOT_URL: `http://localhost:${settings.ports.grafana}/`,
    },
    files: {
      directory: DIRECTORY,
      entries: [
        native("grafana.ini"),
        { path: DATA_SOURCES, content: toYaml(dataSources(settings)) },
        ...folder("provisioning/dashboards", ".yaml"),
        ...dashboards(),
        { path: PASSWORD_FILE, content: adminPassword, secret: true },
      ],
    },
    ports: [{ name: "http", number: PORT, reach: { from: "operator", published: settings.ports.grafana } }],
    metrics: { port: PORT, path: "/metrics" },
    data: [{ name: "grafana", path: "/var/lib/grafana", size: settings.storage.grafana }],
    scratch: [{ path: "/tmp", size: 64 * 2 ** 20 }],
    resources: settings.resources.grafana,
    health: { path: "/api/health", port: PORT, check: "wget", startupSeconds: 120 },
    placement: { kind: "single" },
    runsAs: { uid: 472, gid: 0 },
    talksTo: ["prometheus", "loki", "jaeger", "alertmanager"],
  };
}

interface DataSources {
  datasources: { uid: string; jsonData?: Record<string, unknown> }[];
}

/** Grafana derives its shortest step from the interval at which Prometheus scrapes. */
function dataSources({ scrapeIntervalSeconds }: Settings): DataSources {
  const base = nativeYaml<DataSources>(`grafana/${DATA_SOURCES}`);
  const timeInterval = formatDuration(scrapeIntervalSeconds);
  return {
    ...base,
    datasources: base.datasources.map((source) =>
      source.uid === "prometheus" ? { ...source, jsonData: { ...source.jsonData, timeInterval } } : source,
    ),
  };
}

/** Without the indentation that makes the files readable: the engine carries and logs each file several times a run. */
function dashboards(): ConfigFile[] {
  return folder("dashboards", ".json").map(({ path }) => ({
    path,
    content: JSON.stringify(JSON.parse(nativeText(`grafana/${path}`))),
  }));
}

function native(path: string): ConfigFile {
  return { path, content: nativeText(`grafana/${path}`) };
}

function folder(path: string, ending: string): ConfigFile[] {
  return nativeFiles(`grafana/${path}`, ending).map((file) => native(`${path}/${file}`));
}
