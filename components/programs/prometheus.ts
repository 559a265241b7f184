import { images } from "../images";
import { SERVICES, type Workload } from "../platform/workload";
import type { Service, Settings } from "../settings/settings";
import { formatDuration } from "../units";
import { goHeap } from "./limits";
import { nativeFiles, nativeText, nativeYaml, toYaml } from "./native-file";

const PORT = 9090;

/** The share of its volume that Prometheus may fill; blocks are deleted only after the next one is written. */
const VOLUME_SHARE = 0.8;

interface ScrapeJob {
  job_name: string;
  metrics_path?: string;
  static_configs: { targets: string[]; labels: Record<string, string> }[];
}

/** The part of prometheus.yml that is overlaid. */
interface PrometheusConfig {
  global: { scrape_interval: string; scrape_timeout: string; external_labels: Record<string, string> };
  storage: { tsdb: { retention: { time: string; size?: string } } };
  scrape_configs: ScrapeJob[];
}

/**
 * Prometheus, with a scrape job for every given workload that has metrics.
 *
 * @param scraped the stack's other programs.
 */
export function prometheus(settings: Settings, scraped: readonly Workload[]): Workload {
  const measured = scraped.filter((workload) => workload.metrics !== undefined);
  return {
    name: "prometheus",
    image: images.prometheus,
    args: [
      "--config.file=/etc/prometheus/prometheus.yml",
      "--storage.tsdb.path=/prometheus",
      "--web.enable-otlp-receiver",
      "--enable-feature=exemplar-storage",
      `--web.external-url=http://localhost:${settings.ports.prometheus}/`,
    ],
    env: goHeap(settings.resources.prometheus),
    files: {
      directory: "/etc/prometheus",
      entries: [
        { path: "prometheus.yml", content: toYaml(prometheusConfig(settings, measured)) },
        ...nativeFiles("prometheus/rules", ".yaml").map((file) => ({
          path: `rules/${file}`,
          content: nativeText(`prometheus/rules/${file}`),
        })),
      ],
    },
    ports: [{ name: "http", number: PORT, reach: { from: "operator", published: settings.ports.prometheus } }],
    metrics: { port: PORT, path: "/metrics" },
    data: [{ name: "prometheus", path: "/prometheus", size: settings.storage.prometheus }],
    resources: settings.resources.prometheus,
    health: { path: "/-/ready", port: PORT, check: "wget", startupSeconds: 120 },
    placement: { kind: "single" },
    runsAs: { uid: 65_534, gid: 65_534 },
    talksTo: [...new Set([...measured.map(({ name }) => name), "alertmanager", SERVICES])],
  };
}

function prometheusConfig(settings: Settings, measured: readonly Workload[]): PrometheusConfig {
  const base = nativeYaml<PrometheusConfig>("prometheus/prometheus.yml");
  const interval = settings.scrapeIntervalSeconds;
  return {
    ...base,
    global: {
      ...base.global,
      scrape_interval: formatDuration(interval),
      scrape_timeout: formatDuration(Math.min(interval, 10)),
      external_labels: { environment: settings.environment, stack: settings.name },
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
    scrape_configs: [
      ...base.scrape_configs.map((job) =>
        job.job_name === "services" ? { ...job, static_configs: settings.services.map(serviceTarget) } : job,
      ),
      ...measured.map(programJob),
    ],
  };
}

/** `__metrics_path__` and `__scheme__` let one job scrape services that differ in them. */
function serviceTarget({ name, address, owner, metricsPath, scheme }: Service): ScrapeJob["static_configs"][number] {
  return { targets: [address], labels: { service: name, owner, __metrics_path__: metricsPath, __scheme__: scheme } };
}

function programJob({ name, metrics }: Workload): ScrapeJob {
  const { port, path } = metrics as NonNullable<Workload["metrics"]>;
  return {
    job_name: name,
    ...(path === "/metrics" ? {} : { metrics_path: path }),
    static_configs: [{ targets: [`${name}:${port}`], labels: { service: name, owner: "platform" } }],
  };
}
