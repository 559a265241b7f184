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
  readonly queries: readonly (Target & { readonly store: string; readonly expression: string })[];
  readonly rangeSeconds: number;
  /** Seconds between data points. */
  readonly step: number;
}

/** Where a stack's stores answer, and how often it scrapes. */
export interface Stores {
  readonly prometheus: string;
  readonly loki: string;
  readonly scrapeSeconds: number;
}

/** Data points that Grafana asks for in a panel as wide as a screen. */
const DATA_POINTS = 1_000;

/** Every panel with queries of every dashboard in a folder, rows opened and variables filled in. */
export async function panelsOf(folder: string, stores: Stores): Promise<Panel[]> {
  const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
  const panels = files.sort().map(async (file) => {
    const dashboard = JSON.parse(readFileSync(path.join(folder, file), "utf8")) as DashboardFile;
    const rangeSeconds = secondsOf(/^now-(\d+[smhdw])$/.exec(dashboard.time.from)?.[1] ?? dashboard.time.from);
    const values = await variableValues(dashboard, stores);
    return dashboard.panels
      .flatMap((panel) => [panel, ...(panel.panels ?? [])])
      .filter(({ targets }) => (targets ?? []).length > 0)
      .map((panel) => queriesOf(dashboard.title, panel, rangeSeconds, values, stores));
  });
  return (await Promise.all(panels)).flat();
}

function queriesOf(
  dashboard: string,
  panel: PanelFile,
  rangeSeconds: number,
  values: ReadonlyMap<string, string>,
  stores: Stores,
): Panel {
  const least = panel.interval ? secondsOf(panel.interval) : stores.scrapeSeconds;
  const step = Math.max(Math.ceil(rangeSeconds / DATA_POINTS), least);
  return {
    name: `${dashboard} / ${panel.title} (${panel.id})`,
    rangeSeconds,
    step,
    queries: (panel.targets ?? []).map((target) => ({
      ...target,
      store: (target.datasource ?? panel.datasource)?.type ?? "none",
      expression: substitute(target.expr ?? target.query ?? "", values, step, rangeSeconds, stores),
    })),
  };
}

/** The queries of a panel that give no data now, as text; none when the panel shows something for each. */
export async function emptyQueries(panel: Panel, stores: Stores): Promise<string[]> {
  const answers = await Promise.all(
    panel.queries.map(async (query) => {
      const problem = await ask(query, panel, stores).then(
        (count) => (count > 0 ? undefined : "no data"),
        (error: Error) => error.message,
      );
      return problem && `${panel.name} ${query.refId}: ${problem}: ${query.expression}`;
    }),
  );
  return answers.filter((answer) => answer !== undefined);
}

/** How many series have a value that can be drawn. */
async function ask(query: Panel["queries"][number], panel: Panel, stores: Stores): Promise<number> {
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

/** Each variable as Grafana fills it in when the dashboard is opened: all of its values where that can be chosen. */
async function variableValues({ templating }: DashboardFile, stores: Stores): Promise<Map<string, string>> {
  const values = new Map<string, string>();
  for (const variable of templating.list) {
    const current = [variable.current?.value ?? ""].flat()[0] ?? "";
    const query = typeof variable.query === "string" ? variable.query : (variable.query?.query ?? "");
    if (variable.includeAll) values.set(variable.name, variable.allValue ?? ".*");
    else values.set(variable.name, variable.type === "query" ? await firstLabelValue(query, stores) : current);
  }
  return values;
}

async function firstLabelValue(query: string, { prometheus }: Stores): Promise<string> {
  const [, series, label] = /^label_values\((.+), *(\w+)\)$/.exec(query) ?? [];
  if (series === undefined) throw new Error(`not a query for the values of a variable: ${query}`);
  const match = encodeURIComponent(series);
  const { data } = await getJson<{ data: string[] }>(`${prometheus}/api/v1/label/${label}/values?match[]=${match}`);
  return data[0] ?? "";
}

function substitute(
  expression: string,
  values: ReadonlyMap<string, string>,
  step: number,
  rangeSeconds: number,
  { scrapeSeconds }: Stores,
): string {
  const builtIn: Readonly<Record<string, string>> = {
    __rate_interval: `${Math.max(step + scrapeSeconds, 4 * scrapeSeconds)}s`,
    __interval: `${step}s`,
    __auto: `${step}s`,
    __range: `${rangeSeconds}s`,
    __range_s: String(rangeSeconds),
  };
  return expression.replace(/\$\{(\w+)(?::\w+)?\}|\$(\w+)/g, (text, braced?: string, bare?: string) => {
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
