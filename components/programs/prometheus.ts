import { priceRules, readPrices } from "../consistency/ai-prices";
import { ruleFilesFor } from "../consistency/rule-selection";
import { images } from "../images";
import {
  CLUSTER_API,
  INTERNET,
  NODES,
  SERVICES,
  type ClusterRule,
  type ConfigFile,
  type Workload,
} from "../platform/workload";
import type { RemoteWrite, Settings } from "../settings/settings";
import { formatDuration } from "../units";
import { browserUrl, replicaAddresses } from "./addresses";
import { expectedRules } from "./expected-rules";
import { goHeap } from "./limits";
import { nativeFiles, nativeText, nativeYaml, toYaml } from "./native-file";
import { clusterJobs, federationJob, isMeasured, programJob, type Measured, type ScrapeJob } from "./scrape-jobs";
import { foundServiceJobs, serviceTargets } from "./service-jobs";
import { userRules } from "./user-rules";

const PORT = 9090;
const DIRECTORY = "/etc/prometheus";
const REMOTE_WRITE_SECRET = "secrets/remote-write";

/** Tells the copies of Prometheus apart, and is taken off alerts so that Alertmanager sees each once. */
const REPLICA_LABEL = "prometheus_replica";

/** Read rights for finding pods, nodes and what stands behind services, and for the kubelets' metrics. */
const DISCOVERY: readonly ClusterRule[] = [
  {
    apiGroups: [""],
    resources: ["pods", "nodes", "services"],
    verbs: ["get", "list", "watch"],
    reason: "finds what to scrape",
  },
  {
    apiGroups: ["discovery.k8s.io"],
    resources: ["endpointslices"],
    verbs: ["get", "list", "watch"],
    reason: "finds every copy of a service",
  },
  { apiGroups: [""], resources: ["nodes/metrics"], verbs: ["get"], reason: "scrapes the kubelets" },
];

/** The share of its volume that Prometheus may fill; blocks are deleted only after the next one is written. */
const VOLUME_SHARE = 0.8;

/** The part of prometheus.yml that is overlaid. */
interface PrometheusConfig {
  global: { scrape_interval: string; scrape_timeout: string; external_labels: Record<string, string> };
  storage: { tsdb: { retention: { time: string; size?: string } } };
  scrape_configs: ScrapeJob[];
  alerting: { alert_relabel_configs?: object[]; alertmanagers: object[] };
  remote_write?: object[];
}

/**
 * Prometheus, with a scrape job for every given workload that has metrics.
 *
 * @param scraped the stack's other programs.
 */
export function prometheus(settings: Settings, scraped: readonly Workload[]): Workload {
  const measured = scraped.filter(isMeasured);
  const { kubernetes, remoteWrite, federateFrom } = settings;
  const replicas = settings.replicas.prometheus;
  const outward = remoteWrite !== undefined || federateFrom.length > 0;
  return {
    name: "prometheus",
    image: images.prometheus,
    args: [
      `--config.file=${DIRECTORY}/prometheus.yml`,
      "--storage.tsdb.path=/prometheus",
      "--web.enable-otlp-receiver",
      "--enable-feature=exemplar-storage",
      `--web.external-url=${browserUrl(settings, "prometheus")}`,
    ],
    env: goHeap(settings.resources.prometheus),
    ...(replicas > 1 ? { placeEnv: { REPLICA: "replica-name" } } : {}),
    files: {
      directory: DIRECTORY,
      entries: [
        { path: "prometheus.yml", content: toYaml(prometheusConfig(settings, measured)) },
        ...ruleFiles(settings, scraped),
        { path: "rules/expected.yaml", content: toYaml(expectedRules(settings, scraped)) },
        ...remoteWriteSecret(remoteWrite),
      ],
    },
    ports: [{ name: "http", number: PORT, reach: { from: "operator", published: settings.ports.prometheus } }],
    metrics: { port: PORT, path: "/metrics" },
    data: [{ name: "prometheus", path: "/prometheus", size: settings.storage.prometheus }],
    resources: settings.resources.prometheus,
    health: { path: "/-/ready", port: PORT, check: "wget", startupSeconds: 120 },
    placement: replicas > 1 ? { kind: "replicated", replicas, spread: settings.spread } : { kind: "single" },
    runsAs: { uid: 65_534, gid: 65_534 },
    talksTo: [
      ...new Set([...measured.map(({ name }) => name), "alertmanager", SERVICES]),
      ...(kubernetes ? [CLUSTER_API, NODES] : []),
      ...(outward ? [INTERNET] : []),
    ],
    ...(kubernetes ? { clusterAccess: DISCOVERY } : {}),
  };
}

/** The rules that fit the stack's programs, the prices of models, and the users' own rules. */
function ruleFiles(settings: Settings, scraped: readonly Workload[]): ConfigFile[] {
  const programs = [
    ...scraped.map(({ name }) => name),
    ...(settings.kubernetes ? ["kubelet"] : []),
    ...(settings.kafka ? ["kafka"] : []),
  ];
  const prices = readPrices("configs/ai-prices.json", nativeText("ai-prices.json"));
  const own = userRules(settings);
  return [
    ...ruleFilesFor(nativeFiles("prometheus/rules", ".yaml"), programs).map((file) => ({
      path: `rules/${file}`,
      content: withGrafana(settings, nativeText(`prometheus/rules/${file}`)),
    })),
    { path: "rules/ai-prices.yaml", content: toYaml(priceRules(prices)) },
    ...(own ? [{ path: own.path, content: withGrafana(settings, own.text) }] : []),
  ];
}

/** Rule files name a dashboard by its path; whoever gets the alert needs Grafana's address before it. */
function withGrafana(settings: Settings, rules: string): string {
  const { origin } = new URL(browserUrl(settings, "grafana", true));
  return rules.replace(/^(\s*dashboard: *["']?)(?=\/d\/)/gm, (start) => start + origin);
}

function prometheusConfig(settings: Settings, measured: readonly Measured[]): PrometheusConfig {
  const base = nativeYaml<PrometheusConfig>("prometheus/prometheus.yml");
  const interval = settings.scrapeIntervalSeconds;
  const replicated = settings.replicas.prometheus > 1;
  const { kubernetes, remoteWrite, federateFrom } = settings;
  return {
    ...base,
    global: {
      ...base.global,
      scrape_interval: formatDuration(interval),
      scrape_timeout: formatDuration(Math.min(interval, 10)),
      external_labels: {
        ...literal(settings.externalLabels),
        environment: settings.environment,
        stack: settings.name,
        ...(replicated ? { [REPLICA_LABEL]: "${REPLICA}" } : {}),
      },
    },
    storage: {
      tsdb: {
        ...base.storage.tsdb,
        retention: {
          time: formatDuration(settings.prometheusRetentionSeconds),
          size: `${Math.floor((settings.storage.prometheus * VOLUME_SHARE) / 2 ** 20)}MB`,
        },
      },
    },
    alerting: {
      ...(replicated ? { alert_relabel_configs: [{ action: "labeldrop", regex: REPLICA_LABEL }] } : {}),
      alertmanagers: [{ static_configs: [{ targets: replicaAddresses(settings, "alertmanager", 9093) }] }],
    },
    ...(remoteWrite ? { remote_write: [remoteWriteConfig(remoteWrite)] } : {}),
    scrape_configs: [
      ...base.scrape_configs.map((job) =>
        job.job_name === "services" ? { ...job, static_configs: serviceTargets(settings) } : job,
      ),
      ...measured.map((workload) => programJob(settings, workload)),
      ...(kubernetes ? [...clusterJobs(), ...foundServiceJobs(settings, kubernetes)] : []),
      ...(federateFrom.length > 0 ? [federationJob(federateFrom)] : []),
    ],
  };
}

/** Prometheus puts the environment's variables in for `$NAME` in these labels, and a dollar sign for two. */
function literal(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, value.replaceAll("$", () => "$$")]));
}

function remoteWriteConfig({ url, user, password, token }: RemoteWrite): object {
  const secret = `${DIRECTORY}/${REMOTE_WRITE_SECRET}`;
  return {
    url,
    send_exemplars: true,
    ...(user && password ? { basic_auth: { username: user, password_file: secret } } : {}),
    ...(token ? { authorization: { credentials_file: secret } } : {}),
  };
}

function remoteWriteSecret(remoteWrite: RemoteWrite | undefined): ConfigFile[] {
  const content = remoteWrite?.password ?? remoteWrite?.token;
  return content === undefined ? [] : [{ path: REMOTE_WRITE_SECRET, content, secret: true }];
}
