import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { getJson } from "./eventually";

/** A query of a panel, as it stands in the dashboard's file. */
interface Target {
  readonly refId: string;
  readonly expr?: string;
  readonly query?: string;
  readonly instant?: boolean;
  readonly queryType?: string;
  /** Of Elasticsearch: how lines are counted. */
  readonly bucketAggs?: readonly { readonly type: string; readonly field: string }[];
  readonly datasource?: { readonly type: string };
}

interface PanelFile {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource?: { readonly type: string };
  /** Least time between data points. */
  readonly interval?: string;
  readonly targets?: readonly Target[];
  readonly panels?: readonly PanelFile[];
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query?: string | { readonly query: string };
  readonly includeAll?: boolean;
  readonly allValue?: string;
  readonly current?: { readonly value?: string | readonly string[] };
}

interface DashboardFile {
  readonly title: string;
  readonly time: { readonly from: string };
  readonly templating: { readonly list: readonly Variable[] };
  readonly panels: readonly PanelFile[];
}

/** A panel with the queries that Grafana would send for it. */
export interface Panel {
  readonly name: string;
  readonly targets: readonly (Target & { readonly store: string })[];
  readonly rangeSeconds: number;
  /** Seconds between data points. */
  readonly step: number;
  /** What the dashboard's variables are filled in with. */
  readonly values: ReadonlyMap<string, string>;
  /** The variable of which one value is chosen, and the query for its values. Without it all are, of every variable. */
  readonly chosen?: { readonly name: string; readonly query: string };
}

/** Where a stack's stores answer, and how often it scrapes. */
export interface Stores {
  readonly prometheus: string;
  readonly loki: string;
  readonly scrapeSeconds: number;
  /** How many lines a query in Lucene's words finds, or how many values of a field they have. */
  readonly elasticsearch?: (query: string, field?: string) => Promise<number>;
}

/** Data points that Grafana asks for in a panel as wide as a screen. */
const DATA_POINTS = 1_000;

/**
 * Every panel with queries of every dashboard in a folder, rows opened and variables filled in: with all of their values, and
 * once more for each variable that the panel uses, with one of them.
 *
 * @param render what a stack makes of a dashboard's file; `undefined` of one that it does not have.
 */
export function panelsOf(
  folder: string,
  { scrapeSeconds }: Stores,
  render: (dashboard: unknown) => unknown = (dashboard) => dashboard,
): Panel[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
  return files.sort().flatMap((file) => {
    const dashboard = render(JSON.parse(readFileSync(path.join(folder, file), "utf8"))) as DashboardFile | undefined;
    if (dashboard === undefined) return [];
    return dashboard.panels
      .flatMap((panel) => [panel, ...(panel.panels ?? [])])
      .filter(({ targets }) => (targets ?? []).length > 0)
      .flatMap((panel) => variantsOf(dashboard, panel, scrapeSeconds));
  });
}

function variantsOf(dashboard: DashboardFile, panel: PanelFile, scrapeSeconds: number): Panel[] {
  const rangeSeconds = secondsOf(/^now-(\d+[smhdw])$/.exec(dashboard.time.from)?.[1] ?? dashboard.time.from);
  const least = panel.interval ? secondsOf(panel.interval) : scrapeSeconds;
  const all: Panel = {
    name: `${dashboard.title} / ${panel.title} (${panel.id})`,
    rangeSeconds,
    step: Math.max(Math.ceil(rangeSeconds / DATA_POINTS), least),
    values: new Map(dashboard.templating.list.map((variable) => [variable.name, openingValue(variable)])),
    targets: (panel.targets ?? []).map((target) => ({
      ...target,
      store: (target.datasource ?? panel.datasource)?.type ?? "none",
    })),
  };
  const used = dashboard.templating.list.filter(
    ({ name, type }) =>
      type === "query" && all.targets.some((target) => variablesIn(expressionOf(target)).includes(name)),
  );
  const withOne = used.map(({ name, query = "" }) => ({
    ...all,
    name: `${all.name} with one ${name}`,
    chosen: { name, query: typeof query === "string" ? query : query.query },
  }));
  return [all, ...withOne];
}

/** What a variable is filled in with when the dashboard is opened: all of its values where that can be chosen. */
function openingValue({ includeAll, allValue, current }: Variable): string {
  return includeAll ? (allValue ?? ".*") : ([current?.value ?? ""].flat()[0] ?? "");
}

function expressionOf({ expr, query }: Target): string {
  return expr ?? query ?? "";
}

/**
 * The queries of a panel that give no data now, as text; none when the panel shows something for each. With one value chosen
 * there must be one with which it does: not every service has errors.
 */
export async function emptyQueries(panel: Panel, stores: Stores): Promise<string[]> {
  const { chosen } = panel;
  if (chosen === undefined) return emptyWith(panel, undefined, stores);
  let empty = [`${panel.name}: nothing to choose from: ${chosen.query}`];
  for (const value of await labelValues(chosen.query, stores)) {
    empty = await emptyWith(panel, [chosen.name, value], stores);
    if (empty.length === 0) break;
  }
  return empty;
}

async function emptyWith(
  panel: Panel,
  chosen: readonly [name: string, value: string] | undefined,
  stores: Stores,
): Promise<string[]> {
  const answers = await Promise.all(
    panel.targets.map(async (target) => {
      const values = new Map(panel.values);
      if (chosen) values.set(chosen[0], escaped(chosen[1], target.store));
      const expression = substitute(expressionOf(target), values, panel, stores);
      const problem = await ask({ ...target, expression }, panel, stores).then(
        (count) => (count > 0 ? undefined : "no data"),
        (error: Error) => error.message,
      );
      return problem && `${panel.name} ${target.refId}: ${problem}: ${expression}`;
    }),
  );
  return answers.filter((answer) => answer !== undefined);
}

/** A value in a regular expression, which in the queries of Prometheus and Loki stands in a quoted text. */
function escaped(value: string, store: string): string {
  const backslash = store === "elasticsearch" ? "\\" : "\\\\";
  return value.replace(/[\\^$*+?.()|[\]{}/]/g, (character) => `${backslash}${character}`);
}

/** How many series have a value that can be drawn. */
async function ask(
  query: Panel["targets"][number] & { readonly expression: string },
  panel: Panel,
  stores: Stores,
): Promise<number> {
  if (query.store === "elasticsearch" && stores.elasticsearch)
    return stores.elasticsearch(query.expression, query.bucketAggs?.find(({ type }) => type === "terms")?.field);
  const { step, rangeSeconds } = panel;
  const end = Math.floor(Date.now() / 1_000 / step) * step;
  const times = { start: String(end - rangeSeconds), end: String(end), step: String(step) };
  const instant = query.instant === true || query.queryType === "instant";
  const parameters = new URLSearchParams({ query: query.expression, ...(instant ? {} : times) });
  const bases: Readonly<Record<string, string>> = {
    prometheus: `${stores.prometheus}/api/v1`,
    loki: `${stores.loki}/loki/api/v1`,
  };
  const base = bases[query.store];
  if (base === undefined) throw new Error(`no store of the type ${query.store} to ask`);
  type Sample = readonly [number, string];
  type Answer = { data: { result: { value?: Sample; values?: Sample[]; stream?: unknown }[] } };
  const { data } = await getJson<Answer>(`${base}/${instant ? "query" : "query_range"}?${parameters.toString()}`);
  return data.result.filter(({ value, values, stream }) => {
    const samples = values ?? (value ? [value] : []);
    return stream === undefined ? samples.some(([, text]) => text !== "NaN") : samples.length > 0;
  }).length;
}

async function labelValues(query: string, { prometheus }: Stores): Promise<string[]> {
  const [, series, label] = /^label_values\((.+), *(\w+)\)$/.exec(query) ?? [];
  if (series === undefined) throw new Error(`not a query for the values of a variable: ${query}`);
  const match = encodeURIComponent(series);
  const { data } = await getJson<{ data: string[] }>(`${prometheus}/api/v1/label/${label}/values?match[]=${match}`);
  return data;
}

const VARIABLE = /\$\{(\w+)(?::\w+)?\}|\$(\w+)/g;

function variablesIn(expression: string): string[] {
  return [...expression.matchAll(VARIABLE)].map(([, braced, bare]) => braced ?? bare ?? "");
}

function substitute(
  expression: string,
  values: ReadonlyMap<string, string>,
  { step, rangeSeconds }: Panel,
  { scrapeSeconds }: Stores,
): string {
  const builtIn: Readonly<Record<string, string>> = {
    __rate_interval: `${Math.max(step + scrapeSeconds, 4 * scrapeSeconds)}s`,
    __interval: `${step}s`,
    __auto: `${step}s`,
    __range: `${rangeSeconds}s`,
    __range_s: String(rangeSeconds),
  };
  return expression.replace(VARIABLE, (text, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? "";
    const value = builtIn[name] ?? values.get(name);
    if (value === undefined) throw new Error(`${text} in ${expression} is no variable of its dashboard`);
    return value;
  });
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

function secondsOf(duration: string): number {
  const [, count, unit] = /^(\d+)([smhdw])$/.exec(duration) ?? [];
  if (count === undefined || unit === undefined) throw new Error(`not a duration that the walk knows: ${duration}`);
  return Number(count) * (UNITS[unit] as number);
}
