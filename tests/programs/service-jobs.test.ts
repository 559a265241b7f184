import { describe, expect, it } from "vitest";

import type { ScrapeJob } from "../../components/programs/scrape-jobs";
import type { Written } from "../support/settings";
import { programsFor, yamlOf } from "./support";

interface Relabeling {
  source_labels?: string[];
  regex?: string;
  target_label?: string;
  replacement?: string;
  action?: string;
}

const CLUSTER: Written = { platform: "kubernetes", namespace: "monitoring", servicesNamespace: "apps" };

function jobsFor(services: object[]): Map<string, ScrapeJob> {
  const { prometheus } = programsFor({ ...CLUSTER, services }).metrics;
  const { scrape_configs: jobs } = yamlOf<{ scrape_configs: ScrapeJob[] }>(prometheus, "prometheus.yml");
  return new Map(jobs.map((job) => [job.job_name, job]));
}

const targetsOf = (job?: ScrapeJob) => job?.static_configs?.flatMap(({ targets }) => targets);
const rulesOf = (job?: ScrapeJob) => (job?.relabel_configs ?? []) as Relabeling[];
const setting = (job: ScrapeJob | undefined, label: string) =>
  rulesOf(job).filter(({ target_label }) => target_label === label);

describe("the services of a cluster", () => {
  const jobs = jobsFor([
    { name: "api-gateway", address: "api-gateway:8000" },
    { name: "web", address: "frontend:3000", metricsPath: "/api/$metrics", owner: "frontend" },
    { name: "billing", address: "billing.example.org:443", scheme: "https" },
    { name: "vault", address: "vault:8200", scheme: "https" },
    { name: "web-node", address: "frontend:3000", metricsPath: "/node" },
  ]);
  const found = jobs.get("discovered-services");

  it("are found copy by copy where their address is a bare name", () => {
    expect(found?.kubernetes_sd_configs).toEqual([{ role: "endpointslice", namespaces: { names: ["apps"] } }]);
    expect(setting(found, "job")).toEqual([{ target_label: "job", replacement: "services" }]);
    expect(found).toMatchObject({ honor_labels: true, fallback_scrape_protocol: "PrometheusText0.0.4" });
  });

  it("are scraped at their address where it is a place outside, names a certificate, or is another one's", () => {
    const targets = ["billing.example.org:443", "vault.apps:8200", "frontend.apps:3000"];
    expect(targetsOf(jobs.get("services"))).toEqual(targets);
  });

  it("have the name, owner and path of the list", () => {
    expect(setting(found, "service").map(({ regex, replacement }) => [regex, replacement])).toEqual([
      ["(.+);\\d+", undefined],
      ["frontend;3000", "web"],
    ]);
    expect(setting(found, "owner").map(({ regex, replacement }) => [regex, replacement])).toEqual([
      ["api-gateway;8000", "platform"],
      ["frontend;3000", "frontend"],
    ]);
    expect(setting(found, "__metrics_path__")).toEqual([
      expect.objectContaining({ regex: "frontend;3000", replacement: "/api/$$metrics" }),
    ]);
  });

  it("need no job where none is found so", () => {
    const names = [...jobsFor([{ name: "billing", address: "billing.example.org:443" }]).keys()];
    expect(names).not.toContain("discovered-services");
    expect(names).toContain("annotated-services");
  });

  it("cost a handful of rules however many there are", () => {
    const many = Array.from({ length: 800 }, (_, index) => ({
      name: `service-${index}`,
      address: `service-${index}:8000`,
      owner: `team-${index % 10}`,
    }));
    expect(rulesOf(jobsFor(many).get("discovered-services")).length).toBeLessThan(20);
  });
});

describe("annotated pods", () => {
  const rules = rulesOf(
    jobsFor([
      { name: "web", address: "frontend:3000" },
      { name: "jobs", address: "worker.apps:9000" },
      { name: "billing", address: "pay.example.org:443" },
    ]).get("annotated-services"),
  );

  it("are left out when they are copies of a listed service, by its name or its Service's", () => {
    const left = rules.filter(({ action, regex }) => action === "drop" && regex?.includes("web"));
    expect(left.map(({ source_labels, regex }) => [source_labels, regex])).toEqual(
      ["app_kubernetes_io_name", "app"].map((label) => [
        [`__meta_kubernetes_pod_label_${label}`],
        "web|frontend|jobs|worker|billing",
      ]),
    );
  });

  it("belong to the platform until they name an owner", () => {
    const owners = rules.filter(({ target_label }) => target_label === "owner");
    expect(owners).toEqual([
      { target_label: "owner", replacement: "platform" },
      {
        source_labels: ["__meta_kubernetes_pod_annotation_prometheus_io_owner"],
        regex: "(.+)",
        target_label: "owner",
      },
    ]);
  });
});
