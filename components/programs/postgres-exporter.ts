import { images } from "../images";
import { SERVICES, type Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import { serviceAddress } from "./addresses";
import { goHeap } from "./limits";

const PORT = 9187;
const DIRECTORY = "/etc/postgres-exporter";

/** PostgreSQL exporter for the platform's database; the user needs the role `pg_monitor`. */
export function postgresExporter(settings: Settings): Workload {
  const { address, database, user, password } = settings.postgres;
  return {
    name: "postgres-exporter",
    image: images.postgresExporter,
    env: {
      ...goHeap(settings.resources["postgres-exporter"]),
      DATA_SOURCE_URI: `${serviceAddress(settings, address)}/${encodeURIComponent(database)}?sslmode=disable`,
      DATA_SOURCE_USER: user,
      ...(password ? { DATA_SOURCE_PASS_FILE: `${DIRECTORY}/password` } : {}),
    },
    ...(password
      ? { files: { directory: DIRECTORY, entries: [{ path: "password", content: password, secret: true }] } }
      : {}),
    ports: [{ name: "http", number: PORT, reach: { from: "peers" } }],
    metrics: { port: PORT, path: "/metrics" },
    resources: settings.resources["postgres-exporter"],
    health: { path: "/", port: PORT, check: "wget", startupSeconds: 30 },
    placement: { kind: "single" },
    runsAs: { uid: 65_534, gid: 65_534 },
    talksTo: [SERVICES],
  };
}
