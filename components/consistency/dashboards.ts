import { logQueryFindings } from "./log-queries";
import { didYouMean, type Problem } from "./problem";
import { checkQuery } from "./query";
import type { Sources } from "./sources";

export interface TextFile {
  /** Path as a person knows it, from the project's folder. */
  readonly file: string;
  readonly text: string;
}

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
  readonly name: string;
  readonly type: string;
  readonly definition?: string;
  readonly datasource?: Target["datasource"];
  readonly current?: { readonly value?: unknown };
}

/** Grafana's own sources, which nobody provisions. */
const BUILT_IN = ["-- Grafana --", "-- Mixed --", "-- Dashboard --", "grafana", "null"];

/** A panel's, query's or link's mention of a data source: in JSON, in JSON within a text, or in YAML. */
const MENTION =
  /(?:datasource(?:Uid)?|alertmanagerUid)\\?"?:\s*(?:\{[^{}]*?\\?"uid\\?":\s*\\?"([^"\\]+)|\\?"([^"\\]+)|([\w-]+))/g;

/** What a dashboard's or data source's text says of data sources that do not exist, itself or by a variable. */
export function dataSourceProblems({ file, text }: TextFile, uids: readonly string[]): Problem[] {
  const variables = file.endsWith(".json") ? dataSourceVariables(text) : undefined;
  const problem = (index: number, what: string, fix: string) => ({ file, line: lineOf(text, index), what, fix });
  const unknown = (uid: string, index: number) =>
    problem(index, `no data source has the uid "${uid}"`, didYouMean(uid, uids, `Uids are: ${uids.join(", ")}.`));
  const mentioned = [...text.matchAll(MENTION)].flatMap(({ 1: inObject, 2: quoted, 3: plain, index }) => {
    const uid = inObject ?? quoted ?? plain ?? "";
    if (uids.includes(uid) || BUILT_IN.includes(uid)) return [];
    if (!uid.startsWith("$")) return unknown(uid, index);
    const [name = ""] = /\w+/.exec(uid) ?? [];
    if (variables === undefined || variables.has(name)) return [];
    const others = [...variables.keys()];
    const fix = didYouMean(
      name,
      others,
      `Add it to the dashboard's variables, beside: ${others.join(", ") || "none"}.`,
    );
    return problem(index, `no variable for data sources is named "${name}"`, fix);
  });
  const chosen = [...(variables?.values() ?? [])].filter((uid) => !uids.includes(uid));
  return [...mentioned, ...chosen.map((uid) => unknown(uid, text.indexOf(`"${uid}"`)))];
}

/** The variables from which a dashboard takes its data sources, with the uid of the one that it opens with. */
function dataSourceVariables(text: string): Map<string, string> {
  const { templating } = JSON.parse(text) as Dashboard;
  return new Map(
    (templating?.list ?? [])
      .filter(({ type }) => type === "datasource")
      .map(({ name, current }) => [name, String(current?.value ?? "")]),
  );
}

/** The uids of a file of provisioned data sources. */
export function dataSourceUids(text: string): string[] {
  return [...text.matchAll(/^ *(?:- )?uid: *"?([\w-]+)"?$/gm)].map(([, uid]) => uid as string);
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

function lineOf(text: string, index: number): number {
  return text.slice(0, Math.max(index, 0)).split("\n").length;
}
