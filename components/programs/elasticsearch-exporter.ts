import { images } from "../images";
import type { Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import {
  ELASTICSEARCH,
  ELASTICSEARCH_SETUP,
  elasticsearchAuthority,
  elasticsearchUrl,
  userPassword,
} from "./elasticsearch-access";
import { goHeap } from "./limits";
import type { ProgramSecrets } from "./secrets";

export const ELASTICSEARCH_EXPORTER = "elasticsearch-exporter";
const PORT = 9114;
const DIRECTORY = "/etc/elasticsearch-exporter";
const LOGIN = "secrets/login";
const AUTHORITY = "secrets/ca.crt";
/** The user that the set-up makes for it. */
const USER = "exporter";

/**
 * Elasticsearch exporter for the stack's own log store: all nodes, and the indices of the lines.
 *
 * The address with the password is an argument that it reads from a file (`@<path>`), so that neither its command line nor its
 * environment holds one. The vendor's other way, `/probe` with `auth_modules` from a file, starts connections and routines at
 * each scrape that it never ends.
 */
export function elasticsearchExporter(settings: Settings, secrets: ProgramSecrets): Workload {
  const login = userPassword(secrets, USER).apply((password) => {
    const url = new URL(elasticsearchUrl());
    url.username = USER;
    url.password = password;
    return `--es.uri=${url.href}\n`;
  });
  return {
    name: ELASTICSEARCH_EXPORTER,
    image: images.elasticsearchExporter,
    args: [
      `@${DIRECTORY}/${LOGIN}`,
      `--es.ca=${DIRECTORY}/${AUTHORITY}`,
      "--es.all",
      "--es.indices",
      "--no-es.aliases",
      "--es.indices_settings",
      "--collector.clustersettings",
      "--collector.ilm",
      `--web.listen-address=:${PORT}`,
    ],
    env: goHeap(settings.resources[ELASTICSEARCH_EXPORTER]),
    files: {
      directory: DIRECTORY,
      entries: [
        { path: LOGIN, content: login, secret: true },
        { path: AUTHORITY, content: elasticsearchAuthority(settings, secrets), secret: true },
      ],
    },
    ports: [{ name: "http", number: PORT, reach: { from: "peers" } }],
    metrics: { port: PORT, path: "/metrics" },
    resources: settings.resources[ELASTICSEARCH_EXPORTER],
    health: { path: "/healthz", port: PORT, check: "wget", startupSeconds: 60 },
    placement: { kind: "single" },
    runsAs: { uid: 65_534, gid: 65_534 },
    talksTo: [ELASTICSEARCH],
    after: [ELASTICSEARCH_SETUP],
  };
}
