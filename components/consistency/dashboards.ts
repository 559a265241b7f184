import { logQueryFindings } from "./log-queries";
import type { Problem } from "./problem";
import { checkQuery } from "./query";
import type { Sources } from "./sources";
import { lineOf, type TextFile } from "./text-file";

interface Target {
  readonly expr?: string;
  readonly query?: string;
  readonly datasource?: { readonly type?: string };
}

interface Panel {
  readonly targets?: readonly Target[];
  readonly panels?: readonly Panel[];
}

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly annotations?: { readonly list: readonly Target[] };
  readonly templating?: { readonly list: readonly Variable[] };
}

interface Variable {
  readonly definition?: string;
  readonly datasource?: Target["datasource"];
}

export function dashboardUid({ text }: TextFile): string {
  return (JSON.parse(text) as Dashboard).uid;
}

/** What is wrong with a dashboard's queries to Prometheus and Loki, and the metrics that they read. */
export function checkDashboard({ file, text }: TextFile, sources: Sources): { problems: Problem[]; metrics: string[] } {
  const dashboard = JSON.parse(text) as Dashboard;
  const reports = prometheusQueries(dashboard).map((query) => ({
    query,
    ...checkQuery(withoutVariables(query), sources),
  }));
  const logs = queriesTo(dashboard, "loki").map((query) => ({ query, findings: logQueryFindings(query) }));
  return {
    metrics: reports.flatMap(({ metrics }) => metrics),
    problems: [...reports, ...logs].flatMap(({ query, findings }) =>
      findings.map(({ what, fix }) => ({
        file,
        line: lineOf(text, text.indexOf(JSON.stringify(query).slice(1, -1))),
        what,
        fix,
      })),
    ),
  };
}

function prometheusQueries(dashboard: Dashboard): string[] {
  const variables = (dashboard.templating?.list ?? []).filter(({ datasource }) => datasource?.type === "prometheus");
  return [
    ...queriesTo(dashboard, "prometheus"),
    ...variables.flatMap(({ definition }) => variableQuery(definition ?? "") ?? []),
  ];
}

/** The queries of panels and annotations to one kind of data source. */
function queriesTo({ panels, annotations }: Dashboard, type: "prometheus" | "loki"): string[] {
  const everyPanel = panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
  const targets = [...everyPanel.flatMap((panel) => panel.targets ?? []), ...(annotations?.list ?? [])];
  return targets.filter(({ datasource }) => datasource?.type === type).flatMap(({ expr }) => expr ?? []);
}

/** `label_values(selector, label)` reads what `selector` does, grouped by the label. */
function variableQuery(definition: string): string | undefined {
  return /^label_values\((.+),\s*\w+\)$/s.exec(definition)?.[1] ?? /^query_result\((.+)\)$/s.exec(definition)?.[1];
}

/** A query with a duration or number in place of each of Grafana's own variables; those in quotes are text anyway. */
function withoutVariables(query: string): string {
  return query
    .replace(/\$(?:__rate_interval|__interval|__range|__auto)\b|\$\{__(?:rate_interval|interval|range)\}/g, "5m")
    .replace(/\$__(?:range|interval)_m?s\b/g, "300");
}
