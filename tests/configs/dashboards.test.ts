import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { load } from "js-yaml";
import { describe, expect, it } from "vitest";

interface Source {
  type: string;
  uid: string;
}

interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource?: Source;
  fieldConfig?: { defaults: { unit?: string; links?: { url: string }[] } };
  targets?: { datasource: Source; expr: string; refId: string }[];
}

interface Dashboard {
  id: null;
  uid: string;
  title: string;
  schemaVersion: number;
  editable: boolean;
  panels: Panel[];
  annotations: { list: { datasource: Source; name: string; expr?: string }[] };
  templating: { list: { name: string; datasource: Source }[] };
  links: { url: string }[];
}

const GRAFANA = path.join(__dirname, "../../configs/grafana");
const FOLDER = path.join(GRAFANA, "dashboards");

const dashboards = readdirSync(FOLDER).map((file) => {
  const text = readFileSync(path.join(FOLDER, file), "utf8");
  return { file, text, dashboard: JSON.parse(text) as Dashboard };
});
const panels = dashboards.flatMap(({ file, dashboard }) =>
  dashboard.panels.map((panel) => ({ name: `${file} #${panel.id} ${panel.title}`, dashboard, panel })),
);
const shown = panels.filter(({ panel }) => panel.type !== "row");
const sources = (
  load(readFileSync(path.join(GRAFANA, "provisioning/datasources/datasources.yaml"), "utf8")) as {
    datasources: (Source & { name: string; editable: boolean; jsonData: unknown })[];
  }
).datasources;
const known = sources.map(({ type, uid }) => `${type}/${uid}`);

const overlap = ({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

describe("dashboards", () => {
  it("are the four of the guide and the stack's own, by the uids that alerts and links use", () => {
    expect(dashboards.map(({ dashboard }) => dashboard.uid).sort()).toEqual([
      "pyairtable-ai-cost",
      "pyairtable-business-metrics",
      "pyairtable-infrastructure-overview",
      "pyairtable-monitoring-stack",
      "pyairtable-platform-overview",
    ]);
  });

  it("have unique titles", () => {
    expect(new Set(dashboards.map(({ dashboard }) => dashboard.title)).size).toBe(dashboards.length);
  });

  it.each(dashboards)("$file is what file provisioning accepts", ({ dashboard, text }) => {
    expect(dashboard.id).toBeNull();
    expect(dashboard.schemaVersion).toBe(42);
    expect(dashboard.editable).toBe(false);
    expect(text).not.toContain("${DS_");
    expect(text).not.toContain("__inputs");
  });

  it.each(dashboards)("$file shows firing alerts and starts of programs in its time series", ({ dashboard }) => {
    const [own, ...others] = dashboard.annotations.list;
    expect(own?.datasource.uid).toBe("-- Grafana --");
    expect(others.map(({ datasource, expr }) => `${datasource.uid} ${expr}`)).toEqual([
      expect.stringMatching(/^prometheus ALERTS\{alertstate="firing"/),
      expect.stringMatching(
        /^prometheus max by \(\w+, instance\) \(process_start_time_seconds\{job!?="services"\}\) \* 1000$/,
      ),
    ]);
  });

  it.each(dashboards)("$file links to the others", ({ dashboard }) => {
    const others = dashboards
      .map((other) => `/d/${other.dashboard.uid}`)
      .filter((url) => url !== `/d/${dashboard.uid}`);
    expect(dashboard.links.map((link) => link.url).sort()).toEqual(others.sort());
  });

  it.each(dashboards)("$file declares every variable that a query uses, and uses every one", ({ dashboard }) => {
    const used = new Set(
      dashboard.panels
        .flatMap((panel) => panel.targets ?? [])
        .flatMap((target) => [...target.expr.matchAll(/\$(?!__)(\w+)/g)].map(([, name]) => name)),
    );
    expect([...used].sort()).toEqual(dashboard.templating.list.map(({ name }) => name).sort());
  });
});

describe("panels", () => {
  it.each(dashboards)("of $file have unique ids and lie inside the grid without overlapping", ({ dashboard }) => {
    expect(new Set(dashboard.panels.map((panel) => panel.id)).size).toBe(dashboard.panels.length);
    for (const [index, panel] of dashboard.panels.entries()) {
      expect(panel.gridPos.x + panel.gridPos.w, panel.title).toBeLessThanOrEqual(24);
      const clash = dashboard.panels.slice(index + 1).find((other) => overlap(panel, other));
      expect(clash?.title, `${panel.title} lies on another panel`).toBeUndefined();
    }
  });

  it.each(shown)("$name says what it shows, and in which unit", ({ panel }) => {
    expect(panel.description?.length).toBeGreaterThan(10);
    if (panel.type !== "logs") expect(panel.fieldConfig?.defaults.unit).toBeTruthy();
  });

  it.each(shown)("$name reads provisioned data sources only", ({ panel }) => {
    expect(panel.targets?.length).toBeGreaterThan(0);
    const used = [panel.datasource, ...(panel.targets ?? []).map((target) => target.datasource)];
    for (const source of used) expect(known).toContain(`${source?.type}/${source?.uid}`);
    expect(new Set(panel.targets?.map((target) => target.refId)).size).toBe(panel.targets?.length);
  });

  it.each(shown)("$name has links that Explore can read", ({ panel }) => {
    for (const { url } of panel.fieldConfig?.defaults.links ?? []) {
      const panes = new URL(url, "http://grafana").searchParams.get("panes");
      const { a } = JSON.parse(panes ?? "") as { a: { datasource: string; queries: { datasource: Source }[] } };
      expect(a.queries.map((query) => query.datasource.uid)).toEqual([a.datasource]);
      expect(known).toContain(`${a.queries[0]?.datasource.type}/${a.datasource}`);
    }
  });

  it.each(dashboards)("of $file fill every template variable from a provisioned source", ({ dashboard }) => {
    for (const { datasource } of dashboard.templating.list) {
      expect(known).toContain(`${datasource.type}/${datasource.uid}`);
    }
  });
});

describe("data sources", () => {
  it("have the uids that dashboards and bookmarks use, and cannot be edited", () => {
    expect(known).toEqual(["prometheus/prometheus", "loki/loki", "jaeger/jaeger", "alertmanager/alertmanager"]);
    expect(sources.every((source) => !source.editable)).toBe(true);
  });

  it.each(sources)("$name refers only to sources that exist", ({ jsonData }) => {
    const uids = [...JSON.stringify(jsonData).matchAll(/"(?:datasourceUid|alertmanagerUid)":"([^"]+)"/g)];
    for (const [, uid] of uids) expect(sources.map((source) => source.uid)).toContain(uid);
  });

  it("keep every dollar sign that Grafana would replace by an environment variable", () => {
    const text = readFileSync(path.join(GRAFANA, "provisioning/datasources/datasources.yaml"), "utf8");
    const values = text.replace(/^\s*#.*$/gm, "");
    expect(values.replaceAll("$$", "")).not.toContain("$");
  });
});
