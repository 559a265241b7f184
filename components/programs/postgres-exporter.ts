import { images } from "../images";
import { SERVICES, type ConfigFile, type Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import { serviceAddress } from "./addresses";
import { goHeap } from "./limits";

const PORT = 9187;
const DIRECTORY = "/etc/postgres-exporter";
const AUTHORITY_FILE = "ca.crt";

/** PostgreSQL exporter for the platform's database; the user needs the role `pg_monitor`. */
export function postgresExporter(settings: Settings): Workload {
  const { address, database, user, password, sslMode, caCertificate } = settings.postgres;
  const authority = caCertificate ? `&sslrootcert=${DIRECTORY}/${AUTHORITY_FILE}` : "";
  const entries: ConfigFile[] = [
    ...(password ? [{ path: "password", content: password, secret: true }] : []),
    ...(caCertificate ? [{ path: AUTHORITY_FILE, content: caCertificate }] : []),
  ];
  return {
    name: "postgres-exporter",
    image: images.postgresExporter,
    env: {
      ...goHeap(settings.resources["postgres-exporter"]),
      DATA_SOURCE_URI: `${serviceAddress(settings, address)}/${encodeURIComponent(database)}?sslmode=${sslMode}${authority}`,
      DATA_SOURCE_USER: user,
      ...(password ? { DATA_SOURCE_PASS_FILE: `${DIRECTORY}/password` } : {}),
    },
    ...(entries.length > 0 ? { files: { directory: DIRECTORY, entries } } : {}),
    ports: [{ name: "http", number: PORT, reach: { from: "peers" } }],
    metrics: { port: PORT, path: "/metrics" },
    resources: settings.resources["postgres-exporter"],
    health: { path: "/", port: PORT, check: "wget", startupSeconds: 30 },
    placement: { kind: "single" },
    runsAs: { uid: 65_534, gid: 65_534 },
    talksTo: [SERVICES],
  };
}
