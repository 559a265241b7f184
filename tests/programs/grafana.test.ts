import { describe, expect, it } from "vitest";

import { images } from "../../components/images";
import type { Written } from "../support/settings";
import { factsOf, pathsOf, programsFor, secretFilesOf, textOfFile, yamlOf } from "./support";

interface DataSources {
  datasources: { name: string; uid: string; url: string; jsonData: Record<string, unknown> }[];
}

const DATA_SOURCES = "provisioning/datasources/datasources.yaml";
const grafanaFor = (written: Written = {}) => programsFor(written).metrics.grafana;
const sourcesFor = (written: Written = {}) => yamlOf<DataSources>(grafanaFor(written), DATA_SOURCES).datasources;

describe("grafana", () => {
  it("is placed as its image and its callers need it", () => {
    expect(grafanaFor().image).toBe(images.grafana);
    expect(factsOf(grafanaFor())).toEqual({
      name: "grafana",
      user: "472:0",
      ports: ["http 3000 from operator, published at 3001"],
      metrics: "3000/metrics",
      data: ["/var/lib/grafana 1Gi"],
      scratch: ["/tmp 64Mi"],
      health: { path: "/api/health", port: 3000, check: "wget", startupSeconds: 120 },
      placement: "single",
      talksTo: ["alertmanager", "jaeger", "loki", "prometheus"],
    });
    expect(grafanaFor().args).toBeUndefined();
  });

  it("reads the administrator's password from a secret file", async () => {
    const grafana = grafanaFor({ "grafanaAdminPassword!": "correct horse battery", grafanaAdminUser: "root" });
    expect(await secretFilesOf(grafana)).toEqual({
      "secrets/admin-password": "correct horse battery",
      "secrets/secret-key": "secretmark-grafana-secret-key",
    });
    expect(grafana.env).toEqual({
      GOMEMLIMIT: "204MiB",
      GF_SECURITY_ADMIN_USER: "root",
      GF_SECURITY_ADMIN_PASSWORD__FILE: "/etc/grafana/secrets/admin-password",
      GF_SECURITY_SECRET_KEY__FILE: "/etc/grafana/secrets/secret-key",
      GF_SERVER_ROOT_URL: "http://localhost:3001/",
    });
  });

  it("encrypts what it stores with the key that is given, if one is", async () => {
    const files = await secretFilesOf(grafanaFor({ "grafanaSecretKey!": "the key of another stack" }));
    expect(files["secrets/secret-key"]).toBe("the key of another stack");
  });

  it("knows the address that a browser uses", () => {
    expect(grafanaFor({ ports: { grafana: 3999 } }).env?.GF_SERVER_ROOT_URL).toBe("http://localhost:3999/");
  });

  it("ships its settings, every data source and every dashboard", () => {
    expect(grafanaFor().files?.directory).toBe("/etc/grafana");
    expect(pathsOf(grafanaFor())).toEqual([
      "grafana.ini",
      "provisioning/datasources/datasources.yaml",
      "provisioning/dashboards/dashboards.yaml",
      "dashboards/ai-cost.json",
      "dashboards/business-metrics.json",
      "dashboards/infrastructure-overview.json",
      "dashboards/monitoring-stack.json",
      "dashboards/platform-overview.json",
      "secrets/admin-password",
      "secrets/secret-key",
    ]);
  });

  it.each<[string, Written, readonly string[]]>([
    ["Loki", {}, []],
    ["Elasticsearch", { logging: "elk" }, ["log-store.json"]],
    ["both", { logging: "both" }, ["log-store.json"]],
  ])("has the dashboard about Elasticsearch, and ways to it, only where that is: beside %s", (_, written, more) => {
    const grafana = grafanaFor(written);
    const all = pathsOf(grafana).filter((file) => file.startsWith("dashboards/"));
    expect(all.filter((file) => file.endsWith("/log-store.json"))).toEqual(more.map((file) => `dashboards/${file}`));
    const leading = all.filter((file) => textOfFile(grafana, file).includes('"url":"/d/pyairtable-log-store"'));
    expect(leading).toHaveLength(more.length === 0 ? 0 : all.length - 1);
  });

  it.each<[string, Written, boolean]>([
    ["one machine", {}, false],
    ["a cluster", { platform: "kubernetes" }, true],
  ])("has the panels about kubelets' volumes, and their row, only where there are any: on %s", (_, written, there) => {
    type Dashboard = { panels: { title: string }[] };
    const { panels } = yamlOf<Dashboard>(grafanaFor(written), "dashboards/monitoring-stack.json");
    const titles = panels.map(({ title }) => title);
    for (const title of ["Volumes of the cluster", "Use of volumes", "Free on volumes"])
      expect(titles.includes(title), title).toBe(there);
    expect(titles).toContain("Logs");
  });

  it("finds the dashboards, and its home among them, where the files are", () => {
    const provisioning = yamlOf<{ providers: { options: { path: string } }[] }>(
      grafanaFor(),
      "provisioning/dashboards/dashboards.yaml",
    );
    expect(provisioning.providers.map(({ options }) => options.path)).toEqual(["/etc/grafana/dashboards"]);
    const home = /^default_home_dashboard_path = \/etc\/grafana\/(.*)$/m.exec(textOfFile(grafanaFor(), "grafana.ini"));
    expect(pathsOf(grafanaFor())).toContain(home?.[1]);
  });

  it("listens at the port that the contract names, and lets in no one without a login", () => {
    const ini = textOfFile(grafanaFor(), "grafana.ini");
    expect(ini).toMatch(/^\[server\]\nhttp_port = 3000$/m);
    expect(ini).toMatch(/^\[auth.anonymous\]\nenabled = false$/m);
    expect(ini).toMatch(/^allow_sign_up = false$/m);
    expect(ini).not.toMatch(/^admin_password/m);
  });
});

describe("data sources", () => {
  it("are the stack's own stores, under uids that never change", () => {
    expect(sourcesFor().map(({ name, uid, url }) => [name, uid, url])).toEqual([
      ["Prometheus", "prometheus", "http://prometheus:9090"],
      ["Loki", "loki", "http://loki:3100"],
      ["Jaeger", "jaeger", "http://jaeger:16686"],
      ["Alertmanager", "alertmanager", "http://alertmanager:9093"],
    ]);
  });

  it("know the interval at which Prometheus scrapes, from which steps are derived", () => {
    const prometheus = (written: Written) => sourcesFor(written).find(({ uid }) => uid === "prometheus");
    expect(prometheus({})?.jsonData.timeInterval).toBe("15s");
    expect(prometheus({ scrapeInterval: "60s" })?.jsonData.timeInterval).toBe("1m");
  });

  it("keep the dollar signs that Grafana would otherwise replace", () => {
    expect(textOfFile(grafanaFor(), DATA_SOURCES)).toContain("$${__value.raw}");
  });
});
