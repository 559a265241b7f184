import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { images } from "../../components/images";
import { PROJECT_ROOT } from "../../operations/workspace";
import { factsOf, pathsOf, programsFor, textOfFile, yamlOf } from "./support";
import type { Written } from "../support/settings";

interface Config {
  global: Record<string, unknown>;
  rule_files: string[];
  alerting: unknown;
  storage: { tsdb: { retention: Record<string, string>; out_of_order_time_window: string } };
  scrape_configs: Record<string, unknown>[];
}

const configFor = (written: Written = {}) => yamlOf<Config>(programsFor(written).metrics.prometheus, "prometheus.yml");
const jobsOf = (config: Config) => Object.fromEntries(config.scrape_configs.map((job) => [job.job_name, job]));

const ownJob = (name: string, port: number) => ({
  job_name: name,
  static_configs: [{ targets: [`${name}:${port}`], labels: { service: name, owner: "platform" } }],
});

const serviceTarget = (service: string, port: number, owner: string, path = "/metrics") => ({
  targets: [`${service}:${port}`],
  labels: { service, owner, __metrics_path__: path, __scheme__: "http" },
});

describe("prometheus", () => {
  const { prometheus } = programsFor().metrics;

  it("is placed as its image and its callers need it", () => {
    expect(prometheus.image).toBe(images.prometheus);
    expect(factsOf(prometheus)).toEqual({
      name: "prometheus",
      user: "65534:65534",
      ports: ["http 9090 from operator, published at 9090"],
      metrics: "9090/metrics",
      data: ["/prometheus 10Gi"],
      scratch: [],
      health: { path: "/-/ready", port: 9090, check: "wget", startupSeconds: 120 },
      placement: "single",
      talksTo: [
        "alertmanager",
        "cadvisor",
        "grafana",
        "jaeger",
        "loki",
        "node-exporter",
        "otel-collector",
        "postgres-exporter",
        "promtail",
        "redis-exporter",
        "services",
      ],
    });
  });

  it("takes samples over OTLP, keeps exemplars, and knows the address that a browser uses", () => {
    const { args } = programsFor({ ports: { prometheus: 9999 } }).metrics.prometheus;
    expect(args).toEqual([
      "--config.file=/etc/prometheus/prometheus.yml",
      "--storage.tsdb.path=/prometheus",
      "--web.enable-otlp-receiver",
      "--enable-feature=exemplar-storage",
      "--web.external-url=http://localhost:9999/",
    ]);
  });

  it("ships every rule file, and reads them all", () => {
    expect(prometheus.files?.directory).toBe("/etc/prometheus");
    expect(pathsOf(prometheus)).toEqual([
      "prometheus.yml",
      "rules/business.yaml",
      "rules/cost.yaml",
      "rules/critical.yaml",
      "rules/custom.yaml",
      "rules/objectives.yaml",
      "rules/performance.yaml",
      "rules/recording.yaml",
      "rules/security.yaml",
      "rules/stack-loki.yaml",
      "rules/stack-promtail.yaml",
      "rules/stack.yaml",
      "rules/ai-prices.yaml",
      "rules/expected.yaml",
    ]);
    expect(configFor().rule_files).toEqual(["rules/*.yaml"]);
    expect(textOfFile(prometheus, "rules/critical.yaml")).toContain("alert: ServiceDown");
  });

  it.each<[string, Written, string]>([
    ["at the port where it is published", { ports: { grafana: 3999 } }, "http://localhost:3999"],
    ["behind the front door", { frontDoor: { domain: "a.org" } }, "https://grafana.a.org:8443"],
  ])("leads every alert to its dashboard in Grafana %s", (_, written, grafana) => {
    const folder = mkdtempSync(path.join(PROJECT_ROOT, "rules-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const alertRulesFile = path.join(path.basename(folder), "own.yaml");
    writeFileSync(path.join(folder, "own.yaml"), 'annotations:\n  dashboard: "/d/imports"\n');
    const rendered = programsFor({ ...written, alertRulesFile }).metrics.prometheus;
    expect(textOfFile(rendered, "rules/user-own.yaml")).toContain(`dashboard: "${grafana}/d/imports"`);
    const critical = textOfFile(rendered, "rules/critical.yaml");
    expect(critical).toContain(`dashboard: ${grafana}/d/pyairtable-platform-overview`);
    expect(critical).not.toContain("dashboard: /");
  });
});

describe("prometheus.yml", () => {
  it("has a target for each of the eight services", () => {
    expect(jobsOf(configFor()).services).toEqual({
      job_name: "services",
      honor_labels: true,
      fallback_scrape_protocol: "PrometheusText0.0.4",
      static_configs: [
        serviceTarget("api-gateway", 8000, "platform"),
        serviceTarget("llm-orchestrator", 8003, "ai"),
        serviceTarget("mcp-server", 8001, "ai"),
        serviceTarget("airtable-gateway", 8002, "integrations"),
        serviceTarget("platform-services", 8007, "platform"),
        serviceTarget("automation-services", 8006, "automation"),
        serviceTarget("saga-orchestrator", 8008, "automation"),
        serviceTarget("frontend", 3000, "frontend", "/api/metrics"),
      ],
    });
  });

  it("scrapes a service as the settings describe it", () => {
    const services = [
      { name: "billing", address: "billing.internal:8443", scheme: "https", metricsPath: "/m", owner: "money" },
    ];
    expect(jobsOf(configFor({ services })).services).toMatchObject({
      static_configs: [
        {
          targets: ["billing.internal:8443"],
          labels: { service: "billing", owner: "money", __metrics_path__: "/m", __scheme__: "https" },
        },
      ],
    });
  });

  it("has one job for itself and one for every other program", () => {
    const { prometheus, services, ...programs } = jobsOf(configFor());
    expect(services).toBeDefined();
    expect(prometheus).toEqual({
      job_name: "prometheus",
      static_configs: [{ targets: ["localhost:9090"], labels: { service: "prometheus", owner: "platform" } }],
    });
    expect(programs).toEqual({
      alertmanager: ownJob("alertmanager", 9093),
      cadvisor: {
        ...ownJob("cadvisor", 8080),
        metric_relabel_configs: [
          "name",
          "container_label_com_docker_compose_service",
          "container_label_com_pyairtable_service",
        ].map((label) => ({ source_labels: [label], regex: "(.+)", target_label: "service" })),
      },
      grafana: ownJob("grafana", 3000),
      jaeger: ownJob("jaeger", 8888),
      loki: ownJob("loki", 3100),
      "node-exporter": ownJob("node-exporter", 9100),
      "otel-collector": ownJob("otel-collector", 8888),
      "postgres-exporter": ownJob("postgres-exporter", 9187),
      promtail: ownJob("promtail", 9080),
      "redis-exporter": ownJob("redis-exporter", 9121),
    });
    expect(configFor().scrape_configs).toHaveLength(12);
  });

  it("keeps samples for the time of the settings, and at the most four fifths of the volume", () => {
    expect(configFor().storage.tsdb).toEqual({
      retention: { time: "360h", size: "8192MB" },
      out_of_order_time_window: "10m",
    });
    const { retention } = configFor({ prometheusRetention: "30d", storage: { prometheus: "1Gi" } }).storage.tsdb;
    expect(retention).toEqual({ time: "720h", size: "819MB" });
  });

  it("labels samples with the environment and the stack", () => {
    expect(configFor({ environment: "staging", name: "watch" }).global).toEqual({
      scrape_interval: "15s",
      scrape_timeout: "10s",
      evaluation_interval: "15s",
      external_labels: { environment: "staging", stack: "watch" },
    });
  });

  it("keeps dollar signs in the labels of the settings, which Prometheus would take for variables", () => {
    const externalLabels = { cluster: "$EU-${HOME}", price: "5$" };
    const { global } = configFor({ platform: "kubernetes", externalLabels, replicas: { prometheus: 2 } });
    expect(global.external_labels).toMatchObject({
      cluster: "$$EU-$${HOME}",
      price: "5$$",
      prometheus_replica: "${REPLICA}",
    });
  });

  it.each([
    ["1m", "1m", "10s"],
    ["5s", "5s", "5s"],
  ])("with an interval of %s scrapes every %s and waits %s", (scrapeInterval, interval, timeout) => {
    const { global } = configFor({ scrapeInterval });
    expect(global).toMatchObject({ scrape_interval: interval, scrape_timeout: timeout });
  });

  it("sends alerts to Alertmanager", () => {
    expect(configFor().alerting).toEqual({
      alertmanagers: [{ static_configs: [{ targets: ["alertmanager:9093"] }] }],
    });
  });
});
