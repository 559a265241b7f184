import { describe, expect, it } from "vitest";

import { authorityCertificate } from "../../components/certificates";
import { CLUSTER_API, INTERNET, NODES, SERVICES, type Workload } from "../../components/platform/workload";
import type { Written } from "../support/settings";
import { lokiProgramsFor, programsFor, secretFilesOf, textOfFile, yamlOf } from "./support";

interface ScrapeJob {
  job_name: string;
  static_configs?: { targets: string[] }[];
  kubernetes_sd_configs?: { role: string; namespaces?: { names: string[] } }[];
  relabel_configs?: { regex?: string }[];
}

interface PrometheusConfig {
  global: { external_labels: Record<string, string> };
  alerting: { alert_relabel_configs?: unknown[]; alertmanagers: { static_configs: { targets: string[] }[] }[] };
  scrape_configs: ScrapeJob[];
  remote_write?: unknown[];
}

const CLUSTER: Written = { platform: "kubernetes", namespace: "monitoring", servicesNamespace: "apps" };
const prometheusFor = (written: Written = {}) => programsFor({ ...CLUSTER, ...written }).metrics.prometheus;
const configOf = (workload: Workload) => yamlOf<PrometheusConfig>(workload, "prometheus.yml");
const jobOf = (config: PrometheusConfig, name: string) =>
  config.scrape_configs.find(({ job_name }) => job_name === name) as ScrapeJob;

interface RuleFile {
  groups: { rules: { record: string; expr: string; labels: Record<string, string> }[] }[];
}
const recordedBy = (workload: Workload, series: string) =>
  yamlOf<RuleFile>(workload, "rules/expected.yaml").groups.flatMap(({ rules }) =>
    rules.filter(({ record }) => record === series),
  );
const expectedBy = (workload: Workload) =>
  Object.fromEntries(
    recordedBy(workload, "job:expected_targets:count").map(({ labels, expr }) => [
      labels.job,
      Number(/^vector\((\d+)\)$/.exec(expr)?.[1]),
    ]),
  );

describe("prometheus on a cluster", () => {
  it("finds every copy of a program through its pods, in both namespaces", () => {
    const job = jobOf(configOf(prometheusFor()), "jaeger");
    expect(job.kubernetes_sd_configs).toEqual([
      { role: "pod", namespaces: { names: ["monitoring", "monitoring-agents"] } },
    ]);
    const kept = ["jaeger", "metrics", "Succeeded|Failed"];
    expect(job.relabel_configs?.slice(0, 3).map(({ regex }) => regex)).toEqual(kept);
  });

  it("knows how many copies there must be, of which a cluster may show none", () => {
    const expected = expectedBy(prometheusFor({ replicas: { alertmanager: 3 } }));
    expect(expected).toMatchObject({ alertmanager: 3, jaeger: 1, "node-exporter": 1, kubelet: 1, cadvisor: 1 });
    expect(Object.keys(expected).sort()).toEqual(
      configOf(prometheusFor())
        .scrape_configs.map(({ job_name }) => job_name)
        .filter((name) => name !== "prometheus" && !name.endsWith("services"))
        .sort(),
    );
  });

  it("knows the services of the list, found or not", () => {
    const services = [
      { name: "api-gateway", address: "api-gateway:8000", owner: "core" },
      { name: "billing", address: "billing.example.org:443" },
    ];
    const listed = recordedBy(prometheusFor({ services }), "service:expected:info").map(({ labels }) => labels);
    expect(listed).toEqual([
      { service: "api-gateway", owner: "core" },
      { service: "billing", owner: "platform" },
    ]);
  });

  it("scrapes kubelets and annotated pods, for which it may read the cluster and nothing more", () => {
    const prometheus = prometheusFor();
    const names = configOf(prometheus).scrape_configs.map(({ job_name }) => job_name);
    expect(names).toEqual(expect.arrayContaining(["kubelet", "cadvisor", "annotated-services"]));
    expect(prometheus.talksTo).toEqual(expect.arrayContaining([CLUSTER_API, NODES, SERVICES]));
    expect(prometheus.talksTo).not.toContain(INTERNET);
    const verbs = prometheus.clusterAccess?.flatMap((rule) => rule.verbs);
    expect(new Set(verbs)).toEqual(new Set(["get", "list", "watch"]));
    expect(prometheus.clusterAccess?.flatMap((rule) => rule.resources)).toEqual([
      ...["pods", "nodes", "services", "endpointslices", "nodes/metrics"],
    ]);
  });

  it("does not ask a cluster for anything on Docker", () => {
    const { prometheus } = programsFor().metrics;
    expect(prometheus).not.toHaveProperty("clusterAccess");
    expect(JSON.stringify(configOf(prometheus))).not.toContain("kubernetes");
  });

  it("with two copies tells them apart on samples and not on alerts", () => {
    const prometheus = prometheusFor({
      replicas: { prometheus: 2, alertmanager: 3 },
      externalLabels: { cluster: "eu" },
    });
    const { global, alerting } = configOf(prometheus);
    expect(prometheus.placement).toEqual({ kind: "replicated", replicas: 2, spread: "preferred" });
    expect(prometheus.placeEnv).toEqual({ REPLICA: "replica-name" });
    expect(global.external_labels).toEqual({
      cluster: "eu",
      environment: "test",
      stack: "pyairtable-test",
      prometheus_replica: "${REPLICA}",
    });
    expect(alerting.alert_relabel_configs).toEqual([{ action: "labeldrop", regex: "prometheus_replica" }]);
    expect(alerting.alertmanagers[0]?.static_configs[0]?.targets).toEqual(
      [0, 1, 2].map((index) => `alertmanager-${index}.alertmanager-replicas:9093`),
    );
  });

  it("writes to another database and takes over recorded series when asked to, on any platform", async () => {
    const written = {
      remoteWriteUrl: "https://tsdb.example.org/write",
      remoteWriteUser: "stack",
      "remoteWritePassword!": "secretmark-remote",
      federateFrom: ["eu-1.example.org:9090"],
    };
    const { prometheus } = programsFor(written).metrics;
    expect(configOf(prometheus).remote_write).toEqual([
      {
        url: "https://tsdb.example.org/write",
        send_exemplars: true,
        basic_auth: { username: "stack", password_file: "/etc/prometheus/secrets/remote-write" },
      },
    ]);
    expect(await secretFilesOf(prometheus)).toEqual({ "secrets/remote-write": "secretmark-remote" });
    expect(jobOf(configOf(prometheus), "federation")).toMatchObject({
      static_configs: [{ targets: ["eu-1.example.org:9090"] }],
      params: { "match[]": ['{__name__=~"[a-zA-Z_]+:.+", __name__!~"federated:.+"}'] },
      metric_relabel_configs: [{ source_labels: ["__name__"], target_label: "__name__", replacement: "federated:$1" }],
    });
    expect(prometheus.talksTo).toContain(INTERNET);
  });
});

describe("alertmanager in several copies", () => {
  const alertmanager = programsFor({ ...CLUSTER, replicas: { alertmanager: 3 } }).metrics.alertmanager;

  it("talks to its copies with certificates on both sides", async () => {
    expect(alertmanager.args).toEqual(
      expect.arrayContaining([
        "--cluster.listen-address=0.0.0.0:9094",
        "--cluster.tls-config=/etc/alertmanager/gossip-tls.yml",
        ...[0, 1, 2].map((index) => `--cluster.peer=alertmanager-${index}.alertmanager-replicas:9094`),
      ]),
    );
    expect(alertmanager.talksTo).toEqual(["alertmanager"]);
    expect(alertmanager.ports.map(({ name, reach }) => `${name} from ${reach.from}`)).toEqual([
      "http from operator",
      "gossip from peers",
    ]);
    const secrets = Object.keys(await secretFilesOf(alertmanager));
    expect(secrets).toEqual(["secrets/gossip-ca.crt", "secrets/gossip.crt", "secrets/gossip.key"]);
  });
});

describe("grafana with a database elsewhere", () => {
  const written = { ...CLUSTER, replicas: { grafana: 2 }, grafanaDatabase: { address: "db:5432", user: "dash" } };

  it("keeps nothing on a volume, and its password in a file", async () => {
    const { grafana } = programsFor(written).metrics;
    expect(grafana).not.toHaveProperty("data");
    expect(grafana.env).toMatchObject({
      GF_DATABASE_TYPE: "postgres",
      GF_DATABASE_HOST: "db.apps:5432",
      GF_DATABASE_NAME: "grafana",
      GF_DATABASE_USER: "dash",
      GF_DATABASE_SSL_MODE: "verify-full",
      GF_DATABASE_PASSWORD__FILE: "/etc/grafana/secrets/database-password",
    });
    expect(Object.keys(await secretFilesOf(grafana))).toContain("secrets/database-password");
    expect(grafana.placement).toMatchObject({ kind: "replicated", replicas: 2 });
    expect(grafana.health.startupSeconds).toBe(600);
  });

  it("knows it by the authority of the settings, or by those that the image knows", () => {
    expect(programsFor(written).metrics.grafana.env).not.toHaveProperty("GF_DATABASE_CA_CERT_PATH");
    const caCertificate = authorityCertificate("a root");
    const grafanaDatabase = { ...written.grafanaDatabase, caCertificate };
    const { grafana } = programsFor({ ...written, grafanaDatabase }).metrics;
    expect(grafana.env).toMatchObject({
      GF_DATABASE_SSL_MODE: "verify-full",
      GF_DATABASE_CA_CERT_PATH: "/etc/grafana/database-ca.crt",
    });
    expect(textOfFile(grafana, "database-ca.crt")).toBe(caCertificate);
  });

  it("reaches the internet only for a database that is no service", () => {
    const talksTo = (address: string) =>
      programsFor({ ...written, grafanaDatabase: { address } }).metrics.grafana.talksTo;
    expect(talksTo("db:5432")).toContain(SERVICES);
    expect(talksTo("db:5432")).not.toContain(INTERNET);
    expect(talksTo("db.example.org:5432")).toContain(INTERNET);
  });

  it("knows its address behind an ingress, and sends cookies over TLS alone", () => {
    const { grafana, prometheus } = programsFor({ ...written, ingress: { domain: "watch.example.org" } }).metrics;
    expect(grafana.env).toMatchObject({
      GF_SERVER_ROOT_URL: "https://grafana.watch.example.org/",
      GF_SECURITY_COOKIE_SECURE: "true",
    });
    const rules = prometheus.files?.entries.find(({ path }) => path === "rules/critical.yaml");
    expect(rules?.content).toContain("dashboard: https://grafana.watch.example.org/d/");
  });
});

describe("collectors with a gateway", () => {
  interface Collector {
    exporters: Record<string, { resolver?: unknown; endpoint?: string }>;
    service: { pipelines: Record<string, { receivers: string[]; processors: string[]; exporters: string[] }> };
  }
  const replicas = { "otel-gateway": 2, prometheus: 2 };
  const written = { ...CLUSTER, collectorGateway: true, replicas, traceSampling: { percentage: 10, slowerThan: "2s" } };
  const { otelCollector, otelGateway } = programsFor(written).tracing;
  const agent = yamlOf<Collector>(otelCollector, "collector.yaml");
  const gateway = yamlOf<Collector & { processors: Record<string, unknown> }>(
    otelGateway as Workload,
    "collector.yaml",
  );

  it("are agents on every node that send each trace to one gateway", () => {
    expect(otelCollector.placement).toEqual({ kind: "every-node", local: true });
    expect(otelCollector.talksTo).toEqual(["otel-gateway"]);
    expect(agent.exporters.loadbalancing?.resolver).toEqual({
      static: { hostnames: [0, 1].map((index) => `otel-gateway-${index}.otel-gateway-replicas:4317`) },
    });
  });

  it("count every span before traces are sampled", () => {
    const { pipelines } = gateway.service;
    expect(pipelines.traces?.exporters).toEqual(["spanmetrics", "forward/sampled"]);
    expect(pipelines["traces/sampled"]).toEqual({
      receivers: ["forward/sampled"],
      processors: ["tail_sampling"],
      exporters: ["otlp/jaeger"],
    });
    expect(gateway.processors.tail_sampling).toMatchObject({
      policies: [
        { type: "status_code", status_code: { status_codes: ["ERROR"] } },
        { type: "latency", latency: { threshold_ms: 2_000 } },
        { type: "string_attribute", string_attribute: { key: "service.name", values: ["monitoring-verify"] } },
        { type: "probabilistic", probabilistic: { sampling_percentage: 10 } },
      ],
    });
  });

  it("give every Prometheus every metric, and their own span metrics a label of their own", () => {
    const { pipelines } = gateway.service;
    const both = ["otlphttp/prometheus-0", "otlphttp/prometheus-1"];
    expect(pipelines.metrics).toMatchObject({ receivers: ["otlp"], exporters: both });
    expect(pipelines["metrics/spans"]).toEqual({
      receivers: ["spanmetrics"],
      processors: ["memory_limiter", "transform/replica"],
      exporters: both,
    });
    expect(otelGateway?.placeEnv).toEqual({ REPLICA: "replica-name" });
  });
});

describe("promtail on a cluster", () => {
  it("reads the pods of its own node, with namespace, service and level", () => {
    const { shipper: promtail } = lokiProgramsFor(CLUSTER);
    const config = yamlOf<{ scrape_configs: { job_name: string; pipeline_stages: object[] }[] }>(
      promtail,
      "promtail.yaml",
    );
    expect(config.scrape_configs.map(({ job_name }) => job_name)).toEqual(["pods"]);
    expect(config.scrape_configs[0]?.pipeline_stages[0]).toEqual({ cri: {} });
    expect(config.scrape_configs[0]?.pipeline_stages.length).toBeGreaterThan(5);
    expect(promtail.placeEnv).toEqual({ HOSTNAME: "node-name" });
    expect(promtail.privileges?.map((privilege) => "hostPath" in privilege && privilege.hostPath)).toEqual([
      "/var/log/pods",
    ]);
    expect(promtail.talksTo).toEqual(["loki", CLUSTER_API]);
  });
});

describe("the collector as shipper on a cluster", () => {
  const { shipper } = lokiProgramsFor({ ...CLUSTER, shipper: "otel-collector" });
  interface Operator {
    readonly type: string;
    readonly field?: string;
  }
  const config = yamlOf<{
    receivers: { filelog: { include: string[]; storage: string; operators: Operator[] } };
    service: { pipelines: { logs: { processors: string[] } } };
  }>(shipper, "collector.yaml");

  it("reads the pods of its own node, with the operators that read a line on either platform", () => {
    const { include, storage, operators } = config.receivers.filelog;
    expect(include).toEqual(["/var/log/pods/*/*/*.log"]);
    expect(storage).toBe("file_storage");
    expect(operators[0]).toEqual({ type: "container" });
    expect(operators.filter(({ type }) => ["container", "recombine"].includes(type))).toHaveLength(1);
    expect(operators.map(({ field }) => field)).toContain("resource.level");
    expect(config.service.pipelines.logs.processors).toEqual([
      "memory_limiter",
      "transform/observed",
      "k8sattributes",
      "transform/service",
    ]);
  });

  it("may read the pods' labels and files, and is not root's equal", () => {
    expect(shipper.placeEnv).toEqual({ NODE_NAME: "node-name" });
    expect(shipper.privileges?.map((privilege) => "hostPath" in privilege && privilege.hostPath)).toEqual([
      "/var/log/pods",
    ]);
    expect(shipper.clusterAccess).toMatchObject([{ resources: ["pods"], verbs: ["get", "list", "watch"] }]);
    expect(shipper.talksTo).toEqual(["loki", CLUSTER_API]);
  });
});
