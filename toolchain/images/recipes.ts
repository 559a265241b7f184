import { images, type ImageName } from "../../components/images";
import { goRecipes, type GoProgram } from "../go/recipes";
import { elasticRecipes } from "./elastic";
import { NOBODY, type ImageRecipe } from "./layout";

const nobodyOwns = (path: string, mode = 0o755) => ({ path, mode, ...NOBODY });

// The base of the Prometheus project's images: busybox, certificates, time zones, /tmp.
const prometheusBase = { shell: true, tmp: true, certificates: true, timeZones: true, user: "nobody" } as const;
const withoutShell = { shell: false, tmp: false, certificates: true, timeZones: false } as const;
const alpineLike = { shell: true, tmp: true, certificates: true, timeZones: false } as const;

function built(title: string, program: GoProgram): Pick<ImageRecipe, "title" | "version" | "source" | "program"> {
  return { title, version: goRecipes[program].version, source: "built", program };
}

// Just enough for a program that is started without a configuration of its own, as the vendors' images allow.
const defaultPrometheusConfig = `scrape_configs:
  - job_name: prometheus
    static_configs:
      - targets: ["localhost:9090"]
`;
const defaultAlertmanagerConfig = `route:
  receiver: none
receivers:
  - name: none
`;

const cadvisorEntrypoint = `#!/bin/sh
exec /usr/bin/cadvisor -logtostderr "$@"
`;
// The port can be moved by an argument, so the check looks at the arguments of the first process.
const cadvisorHealthCheck = `#!/bin/sh
port=$(tr '\\0' '\\n' < /proc/1/cmdline | sed -n 's/^--*port=//p' | tail -n 1)
exec wget -q --spider "http://localhost:\${port:-8080}/healthz"
`;

const grafanaVersion = images.grafana.reference.split(":")[1] ?? "";

/** How each image of the stack is composed on a machine that cannot pull it. */
export const imageRecipes: Readonly<Record<ImageName, ImageRecipe>> = {
  prometheus: {
    ...built("Prometheus", "prometheus"),
    ...prometheusBase,
    binaries: { prometheus: "/bin/prometheus", promtool: "/bin/promtool" },
    directories: [nobodyOwns("/etc/prometheus"), nobodyOwns("/prometheus", 0o775)],
    files: [{ path: "/etc/prometheus/prometheus.yml", content: defaultPrometheusConfig, ...NOBODY }],
    workingDirectory: "/prometheus",
    volumes: ["/prometheus"],
    ports: [9090],
    entrypoint: ["/bin/prometheus"],
    command: ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"],
  },
  alertmanager: {
    ...built("Alertmanager", "alertmanager"),
    ...prometheusBase,
    binaries: { alertmanager: "/bin/alertmanager", amtool: "/bin/amtool" },
    directories: [nobodyOwns("/etc/alertmanager"), nobodyOwns("/alertmanager", 0o775)],
    files: [{ path: "/etc/alertmanager/alertmanager.yml", content: defaultAlertmanagerConfig, ...NOBODY }],
    workingDirectory: "/alertmanager",
    volumes: ["/alertmanager"],
    ports: [9093],
    entrypoint: ["/bin/alertmanager"],
    command: ["--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager"],
  },
  grafana: {
    title: "Grafana (stand-in)",
    version: goRecipes["stand-in"].version,
    source: "stand-in",
    program: "stand-in",
    ...alpineLike,
    binaries: { "stand-in": "/usr/bin/stand-in" },
    accounts: { grafana: { uid: 472, gid: 0 } },
    directories: ["/etc/grafana/provisioning", "/usr/share/grafana", "/var/lib/grafana", "/var/log/grafana"].map(
      (path) => ({ path, mode: path.startsWith("/var/") ? 0o777 : 0o755, uid: 472, gid: 0 }),
    ),
    user: "472",
    workingDirectory: "/usr/share/grafana",
    ports: [3000],
    entrypoint: [
      "/usr/bin/stand-in",
      "--stand-in.name=Grafana",
      `--stand-in.version=${grafanaVersion}`,
      "--stand-in.port=3000",
      "--stand-in.health=/api/health",
    ],
  },
  jaeger: {
    ...built("Jaeger", "jaeger"),
    ...alpineLike,
    binaries: { jaeger: "/cmd/jaeger/jaeger-linux" },
    user: "10001",
    environment: { JAEGER_LISTEN_HOST: "0.0.0.0" },
    volumes: ["/tmp"],
    ports: [4317, 4318, 5778, 5779, 9411, 13132, 13133, 14250, 14268, 16686],
    entrypoint: ["/cmd/jaeger/jaeger-linux"],
  },
  otelCollector: {
    ...built("OpenTelemetry Collector", "otel-collector"),
    ...withoutShell,
    binaries: { otelcol: "/otelcol-contrib" },
    user: "10001:10001",
    ports: [4317, 4318, 55679],
    entrypoint: ["/otelcol-contrib"],
    command: ["--config", "/etc/otelcol-contrib/config.yaml"],
  },
  loki: {
    ...built("Loki", "loki"),
    ...withoutShell,
    tmp: true,
    timeZones: true,
    binaries: { loki: "/usr/bin/loki" },
    accounts: { loki: { uid: 10001, gid: 10001 } },
    directories: ["/etc/loki", "/loki", "/loki/rules", "/loki/rules-temp"].map((path) => ({
      path,
      mode: 0o755,
      uid: 10001,
      gid: 10001,
    })),
    user: "10001",
    ports: [3100],
    entrypoint: ["/usr/bin/loki"],
    command: ["-config.file=/etc/loki/local-config.yaml"],
  },
  promtail: {
    ...built("Promtail", "promtail"),
    shell: true,
    tmp: true,
    certificates: true,
    timeZones: true,
    binaries: { promtail: "/usr/bin/promtail" },
    entrypoint: ["/usr/bin/promtail"],
    command: ["-config.file=/etc/promtail/config.yml"],
  },
  nodeExporter: {
    ...built("node exporter", "node-exporter"),
    ...prometheusBase,
    binaries: { node_exporter: "/bin/node_exporter" },
    ports: [9100],
    entrypoint: ["/bin/node_exporter"],
  },
  cadvisor: {
    ...built("cAdvisor", "cadvisor"),
    ...alpineLike,
    binaries: { cadvisor: "/usr/bin/cadvisor" },
    files: [
      { path: "/usr/bin/entrypoint.sh", mode: 0o755, content: cadvisorEntrypoint },
      { path: "/usr/bin/healthcheck.sh", mode: 0o755, content: cadvisorHealthCheck },
    ],
    ports: [8080],
    healthCheck: { command: ["/usr/bin/healthcheck.sh"], interval: "30s", timeout: "3s" },
    entrypoint: ["/usr/bin/entrypoint.sh"],
  },
  redisExporter: {
    ...built("Redis exporter", "redis-exporter"),
    ...withoutShell,
    binaries: { redis_exporter: "/redis_exporter" },
    user: "59000:59000",
    ports: [9121],
    entrypoint: ["/redis_exporter"],
  },
  postgresExporter: {
    ...built("PostgreSQL exporter", "postgres-exporter"),
    ...prometheusBase,
    binaries: { postgres_exporter: "/bin/postgres_exporter" },
    ports: [9187],
    entrypoint: ["/bin/postgres_exporter"],
  },
  elasticsearchExporter: {
    ...built("Elasticsearch exporter", "elasticsearch-exporter"),
    ...prometheusBase,
    binaries: { elasticsearch_exporter: "/bin/elasticsearch_exporter" },
    ports: [7979],
    entrypoint: ["/bin/elasticsearch_exporter"],
  },
  caddy: {
    ...built("Caddy", "caddy"),
    ...alpineLike,
    timeZones: true,
    binaries: { caddy: "/usr/bin/caddy" },
    directories: ["/config/caddy", "/data/caddy", "/srv"].map((path) => ({ path, mode: 0o755, uid: 0, gid: 0 })),
    environment: { XDG_CONFIG_HOME: "/config", XDG_DATA_HOME: "/data" },
    workingDirectory: "/srv",
    ports: [80, 443, 2019],
    command: ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"],
  },
  ...elasticRecipes,
  busybox: {
    title: "BusyBox",
    version: "1.35.0",
    source: "built",
    shell: true,
    tmp: true,
    certificates: false,
    timeZones: false,
    command: ["sh"],
  },
};
