import { describe, expect, it } from "vitest";

import { images } from "../../components/images";
import type { Workload } from "../../components/platform/workload";
import type { Written } from "../support/settings";
import { factsOf, programsFor, secretFilesOf, yamlOf } from "./support";

const exporterFor = (written: Written = {}) =>
  programsFor({ logging: "elk", ...written }).exporters.elasticsearchExporter;
const exporter = exporterFor() as Workload;

describe("elasticsearch-exporter", () => {
  it("is there beside Elasticsearch alone", () => {
    expect(exporterFor({ logging: "both" })).toBeDefined();
    expect(programsFor({ logging: "loki" }).exporters).not.toHaveProperty("elasticsearchExporter");
  });

  it("is placed as its image and its callers need it, after the user that it logs in as", () => {
    expect(exporter.image).toBe(images.elasticsearchExporter);
    expect(factsOf(exporter)).toEqual({
      name: "elasticsearch-exporter",
      user: "65534:65534",
      ports: ["http 9114 from peers"],
      metrics: "9114/metrics",
      data: [],
      scratch: [],
      health: { path: "/healthz", port: 9114, check: "wget", startupSeconds: 60 },
      placement: "single",
      talksTo: ["elasticsearch"],
    });
    expect(exporter.after).toEqual(["elasticsearch-setup"]);
    expect(exporter).not.toHaveProperty("privileges");
  });

  it("asks for all nodes, for the indices and for their lifecycle, and reads its login from a file", async () => {
    expect(exporter.env).toEqual({ GOMEMLIMIT: "51MiB" });
    expect(exporter.args).toEqual([
      "@/etc/elasticsearch-exporter/secrets/login",
      "--es.ca=/etc/elasticsearch-exporter/secrets/ca.crt",
      "--es.all",
      "--es.indices",
      "--no-es.aliases",
      "--es.indices_settings",
      "--collector.clustersettings",
      "--collector.ilm",
      "--web.listen-address=:9114",
    ]);
    expect(exporter.files?.directory).toBe("/etc/elasticsearch-exporter");
    expect(await secretFilesOf(exporter)).toEqual({
      "secrets/login": "--es.uri=https://exporter:secretmark-elasticsearch-exporter@elasticsearch:9200/\n",
      "secrets/ca.crt": "secretmark-authority",
    });
  });

  it.each<[string, Written]>([
    ["Docker", {}],
    ["Kubernetes", { platform: "kubernetes" }],
  ])("is scraped on %s without the series of each index that nobody reads", (_, written) => {
    interface Config {
      scrape_configs: { job_name: string; metric_relabel_configs?: { regex: string; action: string }[] }[];
    }
    const { prometheus } = programsFor({ logging: "elk", ...written }).metrics;
    expect(prometheus.talksTo).toContain("elasticsearch-exporter");
    const { scrape_configs } = yamlOf<Config>(prometheus, "prometheus.yml");
    const job = scrape_configs.find(({ job_name }) => job_name === "elasticsearch-exporter");
    const [rule] = job?.metric_relabel_configs ?? [];
    expect(rule).toMatchObject({ source_labels: ["index", "__name__"], action: "keep" });
    const kept = new RegExp(`^(?:${rule?.regex})$`);
    expect(kept.test(";elasticsearch_jvm_memory_used_bytes")).toBe(true);
    expect(kept.test(".ds-logs-1;elasticsearch_indices_docs_primary")).toBe(true);
    expect(kept.test(".ds-logs-1;elasticsearch_indices_segment_count_total")).toBe(false);
  });
});

describe("what the rules about Elasticsearch compare with", () => {
  interface Rule {
    record: string;
    expr: string;
    labels?: { service?: string };
  }
  const expectedFor = (written: Written) => {
    const file = yamlOf<{ groups: { rules: Rule[] }[] }>(
      programsFor(written).metrics.prometheus,
      "rules/expected.yaml",
    );
    return (file.groups[0]?.rules ?? [])
      .filter(({ record }) => /containers|retention/.test(record))
      .map(({ record, expr, labels }) => `${record} ${labels?.service ?? ""} ${expr}`);
  };

  it("is the retention of the settings, and the containers of the programs without metrics", () => {
    const replicas = { elasticsearch: 3, kibana: 2 };
    expect(expectedFor({ platform: "kubernetes", logging: "elk", replicas, elasticsearchRetention: "7d" })).toEqual([
      "service:expected_containers:count elasticsearch vector(3)",
      "service:expected_containers:count kibana vector(2)",
      "service:expected_containers:count logstash vector(1)",
      "service:expected_containers:count filebeat vector(1)",
      "elasticsearch:expected_retention:seconds  vector(604800)",
    ]);
    expect(expectedFor({ logging: "elk", logstash: false }).join()).not.toContain("logstash");
  });

  it("is nothing beside Loki", () => expect(expectedFor({ logging: "loki" })).toEqual([]));
});
