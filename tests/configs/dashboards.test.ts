import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { load } from "js-yaml";
import { describe, expect, it } from "vitest";

import { DEFAULT_SERVICES } from "../../components/settings/defaults";

interface Source {
  type: string;
  uid: string;
}

interface Variable {
  type: string;
  name: string;
  query: unknown;
  current: { value: unknown };
  datasource?: Source;
}

interface Threshold {
  color: string;
}

interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource?: Source;
  fieldConfig?: { defaults: { unit?: string; links?: { url: string }[]; thresholds?: { steps: Threshold[] } } };
  targets?: { datasource: Source; expr: string; refId: string; instant?: boolean }[];
}

interface Dashboard {
  id: null;
  uid: string;
  title: string;
  schemaVersion: number;
  editable: boolean;
  panels: Panel[];
  annotations: { list: { datasource: Source; name: string; expr?: string }[] };
  templating: { list: Variable[] };
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
const RULES = path.join(GRAFANA, "../prometheus/rules");
const alerts = new Set(
  readdirSync(RULES).flatMap((file) =>
    [...readFileSync(path.join(RULES, file), "utf8").matchAll(/^ +- alert: (\w+)$/gm)].map(
      ([, name]) => name as string,
    ),
  ),
);
const known = sources.map(({ type, uid }) => `${type}/${uid}`);

/** A reference to a data source by a variable, as `type/uid` of what the variable opens with. */
function resolved({ templating }: Dashboard, source: Source | undefined): string {
  const name = /^\$\{(\w+)\}$/.exec(source?.uid ?? "")?.[1];
  const variable = templating.list.find((candidate) => candidate.type === "datasource" && candidate.name === name);
  if (variable?.query !== source?.type) return `${source?.type}/${source?.uid} is no variable for its type`;
  return `${source?.type}/${String(variable?.current.value)}`;
}

interface Explored {
  datasource: string;
  queries: { datasource: Source; expr?: string; service?: string }[];
}

/** What the links of a panel open in Explore. */
function explored({ fieldConfig }: Panel): Explored[] {
  return (fieldConfig?.defaults.links ?? []).map(({ url }) => {
    const panes = new URL(url, "http://grafana").searchParams.get("panes");
    return (JSON.parse(panes ?? "") as { a: Explored }).a;
  });
}

/** Panels of a dashboard that lead to a store of that type. */
function leadingTo(type: string, { panels: some }: Dashboard): Panel[] {
  return some.filter((panel) => explored(panel).some(({ queries: [query] }) => query?.datasource.type === type));
}

const overlap = ({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

describe("dashboards", () => {
  it("are the four of the guide and the stack's own two, by the uids that alerts and links use", () => {
    expect(dashboards.map(({ dashboard }) => dashboard.uid).sort()).toEqual([
      "pyairtable-ai-cost",
      "pyairtable-business-metrics",
      "pyairtable-infrastructure-overview",
      "pyairtable-log-store",
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
    expect(dashboard.editable).toBe(true);
    expect(text).not.toContain("${DS_");
    expect(text).not.toContain("__inputs");
  });

  it("can be saved in Grafana", () => {
    const text = readFileSync(path.join(GRAFANA, "provisioning/dashboards/dashboards.yaml"), "utf8");
    const { providers } = load(text) as { providers: { allowUiUpdates: boolean }[] };
    expect(providers.map(({ allowUiUpdates }) => allowUiUpdates)).toEqual([true]);
  });

  it.each(dashboards)("$file shows firing alerts and starts of programs in its time series", ({ dashboard }) => {
    const [own, ...others] = dashboard.annotations.list;
    expect(own?.datasource.uid).toBe("-- Grafana --");
    expect(others.map(({ datasource, expr }) => `${resolved(dashboard, datasource)} ${expr}`)).toEqual([
      expect.stringMatching(/^prometheus\/prometheus ALERTS\{alertstate="firing"/),
      expect.stringMatching(
        /^prometheus\/prometheus max by \(\w+, instance\) \(process_start_time_seconds\{job!?="services"\}\) \* 1000$/,
      ),
    ]);
  });

  it.each(dashboards)("$file links to the others that every stack has", ({ dashboard }) => {
    const others = dashboards
      .map((other) => `/d/${other.dashboard.uid}`)
      .filter((url) => url !== `/d/${dashboard.uid}` && url !== "/d/pyairtable-log-store");
    expect(dashboard.links.map((link) => link.url).sort()).toEqual(others.sort());
  });

  it.each(dashboards)("$file declares every variable that it uses, and uses every one", ({ dashboard, text }) => {
    const used = [...text.matchAll(/\$(?:\{(\w+)\}|(\w+))/g)].map(([, braced, bare]) => braced ?? bare ?? "");
    const own = new Set(used.filter((name) => !name.startsWith("__")));
    expect([...own].sort()).toEqual(dashboard.templating.list.map(({ name }) => name).sort());
  });

  it.each(dashboards)("$file opens with the data sources that are provisioned", ({ dashboard }) => {
    const variables = dashboard.templating.list.filter(({ type }) => type === "datasource");
    for (const { query, current } of variables) expect(known).toContain(`${String(query)}/${String(current.value)}`);
    expect(variables.map(({ name }) => name)).toContain("datasource");
  });

  it.each([
    ["ai-cost.json", 5, 5],
    ["business-metrics.json", 8, 8],
    ["infrastructure-overview.json", 9, 0],
    ["monitoring-stack.json", 6, 0],
    ["platform-overview.json", 10, 8],
  ])("%s leads from at least %i panels to logs, and from %i to traces", (name, logs, traces) => {
    const { dashboard } = dashboards.find(({ file }) => file === name) as (typeof dashboards)[number];
    expect(leadingTo("loki", dashboard).length).toBeGreaterThanOrEqual(logs);
    expect(leadingTo("jaeger", dashboard).length).toBeGreaterThanOrEqual(traces);
  });

  it("say in the title of a row or panel what a chosen service or model does not change", () => {
    const [cost, overview] = ["ai-cost", "platform-overview"].map(
      (uid) => dashboards.find(({ dashboard }) => dashboard.uid === `pyairtable-${uid}`)?.dashboard as Dashboard,
    );
    const unchanged = (dashboard: Dashboard | undefined, variable: string) =>
      (dashboard?.panels ?? [])
        .filter(({ targets }) => targets?.some(({ expr }) => !expr.includes(`=~"$${variable}"`)))
        .map(({ id }) => id);
    const rows = (cost?.panels ?? []).filter(({ type }) => type === "row");
    const [whole, selected] = rows.map(({ title, gridPos }) => ({ title, y: gridPos.y }));
    expect([whole?.title, selected?.y]).toEqual(["Budget: all models and callers", expect.any(Number)]);
    const ofAll = (cost?.panels ?? []).filter(({ type, gridPos }) => type !== "row" && gridPos.y < (selected?.y ?? 0));
    expect(unchanged(cost, "model").sort()).toEqual(ofAll.map(({ id }) => id).sort());
    const titles = unchanged(overview, "service").map((id) => overview?.panels.find((panel) => panel.id === id)?.title);
    expect(new Set(titles)).toEqual(new Set(["Firing alerts"]));
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

  it.each(shown)("$name reads provisioned data sources only", ({ dashboard, panel }) => {
    expect(panel.targets?.length).toBeGreaterThan(0);
    const used = [panel.datasource, ...(panel.targets ?? []).map((target) => target.datasource)];
    for (const source of used) expect(known).toContain(resolved(dashboard, source));
    expect(new Set(panel.targets?.map((target) => target.refId)).size).toBe(panel.targets?.length);
  });

  it.each(shown)("$name has links that Explore can read", ({ dashboard, panel }) => {
    for (const { datasource, queries } of explored(panel)) {
      expect(queries.map((query) => query.datasource.uid)).toEqual([datasource]);
      expect(known).toContain(resolved(dashboard, queries[0]?.datasource));
      const named = /^\{service="([a-z-]+)"\}$/.exec(queries[0]?.expr ?? "")?.[1] ?? queries[0]?.service;
      if (named && !named.includes("$")) expect(DEFAULT_SERVICES.map(({ name }) => name)).toContain(named);
    }
  });

  it.each(shown)("$name names the alert whose limit is red", ({ panel }) => {
    const red = panel.fieldConfig?.defaults.thresholds?.steps.some(({ color }) => color === "red");
    // A panel of alerts is red because one fires.
    if (!red || panel.targets?.every(({ expr }) => expr.includes("ALERTS{"))) return;
    const words: readonly string[] = panel.description?.match(/\b[A-Z]\w+/g) ?? [];
    expect(words.filter((word) => alerts.has(word))).not.toEqual([]);
  });

  it.each(dashboards)("of $file name no alert that does not exist", ({ dashboard }) => {
    const descriptions = dashboard.panels.flatMap(({ description }) => description ?? []).join("\n");
    const names = descriptions.match(/\b(?:[A-Z][a-z]+){2,}\b/g) ?? [];
    expect(names.filter((name) => !alerts.has(name))).toEqual([]);
  });

  it.each(shown)("$name keeps its series from one step to the next", ({ panel }) => {
    for (const { expr, instant } of panel.targets ?? [])
      if (!instant) expect(expr.replace(/ and topk\(\d+, .* @ end\(\)\)+$/, "")).not.toContain("topk(");
  });

  it.each(dashboards)("of $file fill every template variable from a provisioned source", ({ dashboard }) => {
    const queried = dashboard.templating.list.filter(({ type }) => type === "query");
    expect(queried.length).toBeGreaterThan(0);
    for (const { datasource } of queried) expect(known).toContain(resolved(dashboard, datasource));
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
