import { images } from "../images";
import { INTERNET, SERVICES, type ConfigFile, type Workload } from "../platform/workload";
import type { GrafanaDatabase, Settings } from "../settings/settings";
import { formatDuration } from "../units";
import { browserUrl, serviceAddress } from "./addresses";
import { elasticsearchAuthority, logsIndex, userPassword } from "./elk";
import { dashboardFor, dashboardSourcesOf } from "./grafana-dashboards";
import { goHeap } from "./limits";
import { nativeFiles, nativeText, nativeYaml, toYaml } from "./native-file";
import type { ProgramSecrets } from "./secrets";

const PORT = 3000;
const DIRECTORY = "/etc/grafana";
const DATA_SOURCES = "provisioning/datasources/datasources.yaml";
const PASSWORD_FILE = "secrets/admin-password";
const SECRET_KEY_FILE = "secrets/secret-key";
const DATABASE_PASSWORD_FILE = "secrets/database-password";
const DATABASE_AUTHORITY_FILE = "database-ca.crt";
const ELASTIC_PASSWORD_FILE = "secrets/elasticsearch-password";
const AUTHORITY_FILE = "secrets/elasticsearch-ca.crt";
const TEMPORARY = { path: "/tmp", size: 64 * 2 ** 20 };

/** Grafana with provisioned data sources and dashboards. */
export function grafana(settings: Settings, secrets: ProgramSecrets): Workload {
  const replicas = settings.replicas.grafana;
  const url = browserUrl(settings, "grafana", true);
  const { database } = settings.grafana;
  return {
    name: "grafana",
    image: images.grafana,
    env: {
      ...goHeap(settings.resources.grafana),
      GF_SECURITY_ADMIN_USER: settings.grafana.adminUser,
      GF_SECURITY_ADMIN_PASSWORD__FILE: `${DIRECTORY}/${PASSWORD_FILE}`,
      // By which Grafana encrypts the credentials in its database; the vendor's default is public.
      GF_SECURITY_SECRET_KEY__FILE: `${DIRECTORY}/${SECRET_KEY_FILE}`,
      GF_SERVER_ROOT_URL: url,
      ...(url.startsWith("https:")
        ? { GF_SECURITY_COOKIE_SECURE: "true", GF_SECURITY_STRICT_TRANSPORT_SECURITY: "true" }
        : {}),
      ...(database ? databaseEnv(settings, database) : {}),
    },
    files: {
      directory: DIRECTORY,
      entries: [
        native("grafana.ini"),
        { path: DATA_SOURCES, content: toYaml(dataSources(settings)) },
        ...folder("provisioning/dashboards", ".yaml"),
        ...dashboards(settings),
        { path: PASSWORD_FILE, content: secrets.grafanaAdminPassword, secret: true },
        { path: SECRET_KEY_FILE, content: secrets.grafanaSecretKey, secret: true },
        ...(database ? [{ path: DATABASE_PASSWORD_FILE, content: secrets.grafanaDatabasePassword, secret: true }] : []),
        ...(database?.caCertificate ? [{ path: DATABASE_AUTHORITY_FILE, content: database.caCertificate }] : []),
        ...(settings.elk ? elasticsearchSecrets(settings, secrets) : []),
      ],
    },
    ports: [
      { name: "http", number: PORT, reach: { from: "operator", published: settings.ports.grafana, login: true } },
    ],
    metrics: { port: PORT, path: "/metrics" },
    // With a database of its own elsewhere nothing that matters is on the disk.
    ...(database
      ? { scratch: [TEMPORARY, { path: "/var/lib/grafana", size: settings.storage.grafana }] }
      : {
          data: [{ name: "grafana", path: "/var/lib/grafana", size: settings.storage.grafana }],
          scratch: [TEMPORARY],
        }),
    resources: settings.resources.grafana,
    // Its tables are made at the first start, over the network where the database is elsewhere.
    health: { path: "/api/health", port: PORT, check: "wget", startupSeconds: database ? 600 : 120 },
    placement: replicas > 1 ? { kind: "replicated", replicas, spread: settings.spread } : { kind: "single" },
    runsAs: { uid: 472, gid: 0 },
    talksTo: [
      "prometheus",
      ...(settings.loki ? ["loki"] : []),
      ...(settings.elk ? ["elasticsearch"] : []),
      "jaeger",
      "alertmanager",
      ...(database ? [SERVICES] : []),
      ...(database && /[.[]/.test(database.address) ? [INTERNET] : []),
    ],
  };
}

/** Names and the address of the database; its password and the authority by which it is known are files. */
function databaseEnv(
  settings: Settings,
  { address, name, user, sslMode, caCertificate }: GrafanaDatabase,
): Readonly<Record<string, string>> {
  return {
    GF_DATABASE_TYPE: "postgres",
    GF_DATABASE_HOST: serviceAddress(settings, address),
    GF_DATABASE_NAME: name,
    GF_DATABASE_USER: user,
    GF_DATABASE_SSL_MODE: sslMode,
    ...(caCertificate ? { GF_DATABASE_CA_CERT_PATH: `${DIRECTORY}/${DATABASE_AUTHORITY_FILE}` } : {}),
    GF_DATABASE_PASSWORD__FILE: `${DIRECTORY}/${DATABASE_PASSWORD_FILE}`,
  };
}

interface DataSource {
  readonly uid: string;
  readonly jsonData?: Readonly<Record<string, unknown>>;
}

interface DataSources {
  readonly datasources: readonly DataSource[];
}

/** The data sources of the programs that the stack has; logs lead to traces and back in either store. */
function dataSources(settings: Settings): DataSources {
  const base = nativeYaml<DataSources>(`grafana/${DATA_SOURCES}`);
  return {
    ...base,
    datasources: [
      ...base.datasources
        .filter(({ uid }) => uid !== "loki" || settings.loki !== undefined)
        .map((source) => ({ ...source, jsonData: { ...source.jsonData, ...overlay(settings, source) } })),
      ...(settings.elk ? [elasticsearchSource(settings)] : []),
    ],
  };
}

function overlay(settings: Settings, { uid }: DataSource): Readonly<Record<string, unknown>> {
  // Grafana derives its shortest step from the interval at which Prometheus scrapes.
  if (uid === "prometheus") return { timeInterval: formatDuration(settings.scrapeIntervalSeconds) };
  if (uid !== "jaeger" || settings.loki !== undefined) return {};
  return { tracesToLogsV2: TRACES_TO_ELASTICSEARCH };
}

/** From a span to the lines of its trace, where Loki is not there to be asked. */
const TRACES_TO_ELASTICSEARCH = {
  datasourceUid: "elasticsearch",
  spanStartTimeShift: "-5m",
  spanEndTimeShift: "5m",
  customQuery: true,
  query: 'trace.id:"$${__trace.traceId}"',
};

function elasticsearchSource(settings: Settings): DataSource {
  const base = nativeYaml<DataSource>("grafana/elasticsearch.yaml");
  return {
    ...base,
    jsonData: { ...base.jsonData, index: logsIndex(settings) },
    ...{
      secureJsonData: {
        basicAuthPassword: `$__file{${DIRECTORY}/${ELASTIC_PASSWORD_FILE}}`,
        tlsCACert: `$__file{${DIRECTORY}/${AUTHORITY_FILE}}`,
      },
    },
  };
}

function elasticsearchSecrets(settings: Settings, secrets: ProgramSecrets): ConfigFile[] {
  return [
    { path: ELASTIC_PASSWORD_FILE, content: userPassword(secrets, "grafana"), secret: true },
    { path: AUTHORITY_FILE, content: elasticsearchAuthority(settings, secrets), secret: true },
  ];
}

/** Without the indentation that makes the files readable: the engine carries and logs each file several times a run. */
function dashboards(settings: Settings): ConfigFile[] {
  return folder("dashboards", ".json").flatMap(({ path }) => {
    const dashboard = dashboardFor(dashboardSourcesOf(settings), JSON.parse(nativeText(`grafana/${path}`)));
    return dashboard === undefined ? [] : [{ path, content: JSON.stringify(dashboard) }];
  });
}

function native(path: string): ConfigFile {
  return { path, content: nativeText(`grafana/${path}`) };
}

function folder(path: string, ending: string): ConfigFile[] {
  return nativeFiles(`grafana/${path}`, ending).map((file) => native(`${path}/${file}`));
}
