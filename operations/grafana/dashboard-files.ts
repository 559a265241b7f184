import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { dashboardFor, type DashboardSources } from "../../components/programs/grafana-dashboards";
import { failed, ok, type Check } from "../checks";
import { forFile, mergeSaved, questionsChanged, showTheSame } from "./round-trip";

/** A dashboard, as far as its file's place and its checks need it. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly [key: string]: unknown;
}

export interface DashboardFile {
  /** Name without the folder. */
  readonly file: string;
  readonly text: string;
}

export async function readDashboards(folder: string): Promise<DashboardFile[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();
  return Promise.all(names.map(async (file) => ({ file, text: await readFile(path.join(folder, file), "utf8") })));
}

/** Names that Grafana itself knows beside the provisioned data sources. */
const BUILT_IN = new Set(["grafana", "-- Grafana --", "-- Dashboard --", "-- Mixed --"]);

/**
 * Whether the files are dashboards that Grafana takes: JSON, with a title, a uid of their own, and data sources that are
 * provisioned.
 */
export function checkDashboards(files: readonly DashboardFile[], sources: ReadonlySet<string>): Check[] {
  const owners = new Map<string, string>();
  return files.map(({ file, text }) => {
    let dashboard: Partial<Dashboard>;
    try {
      dashboard = JSON.parse(text) as Partial<Dashboard>;
    } catch (error) {
      return failed("dashboard", file, `is no JSON: ${(error as Error).message}`);
    }
    const { uid, title } = dashboard;
    if (!uid || !title) return failed("dashboard", file, `has no ${uid ? "title" : "uid"}`);
    const other = owners.get(uid);
    owners.set(uid, file);
    if (other !== undefined) return failed("dashboard", file, `has the uid ${uid}, as ${other} has`);
    const unknown = [...usedSources(dashboard)].filter((used) => !sources.has(used) && !BUILT_IN.has(used));
    if (unknown.length > 0)
      return failed("dashboard", file, `uses ${unknown.join(", ")}, which is no provisioned data source`);
    return ok("dashboard", file, title);
  });
}

/** What a dashboard asks, with the data source that each of its variables opens with in the variable's place. */
function usedSources(dashboard: Partial<Dashboard>): Set<string> {
  const variables = dataSourceVariables(dashboard);
  const found = new Set(variables.values());
  const add = (source: string) => {
    const [name = ""] = source.startsWith("$") ? (/\w+/.exec(source) ?? []) : [];
    if (!variables.has(name)) found.add(source);
  };
  const walk = (at: unknown, key?: string) => {
    if (typeof at !== "object" || at === null) return;
    const { uid } = at as { uid?: unknown };
    if (key === "datasource" && typeof uid === "string") add(uid);
    for (const [name, child] of Object.entries(at)) {
      if (name === "datasource" && typeof child === "string") add(child);
      walk(child, name);
    }
  };
  walk(dashboard);
  return found;
}

function dataSourceVariables({ templating }: Partial<Dashboard>): ReadonlyMap<string, string> {
  type Variable = { readonly type?: string; readonly name: string; readonly current?: { readonly value?: unknown } };
  const { list = [] } = (templating ?? {}) as { readonly list?: readonly Variable[] };
  const sources = list.filter(({ type }) => type === "datasource");
  return new Map(sources.map(({ name, current }) => [name, String(current?.value ?? "")]));
}

/** What pulling dashboards did to the files. */
export interface Pulled {
  readonly file: string;
  readonly change: "new" | "changed" | "same";
}

/**
 * Writes dashboards to the files that hold them already, by uid, or to new ones named after their title. Nothing is
 * written for one whose file says the same.
 *
 * @param sources what the stack has. Without Loki the dashboards' questions to it are asked of Elasticsearch.
 * @throws Error, before anything is written, when such a question was changed: the file can only say it in Loki's words.
 */
export async function writeDashboards(
  folder: string,
  dashboards: readonly Dashboard[],
  sources: DashboardSources,
): Promise<Pulled[]> {
  const known = new Map<string, { file: string; content: Dashboard }>();
  for (const { file, text } of await readDashboards(folder)) {
    const content = JSON.parse(text) as Dashboard;
    known.set(content.uid, { file, content });
  }
  const taken = new Set([...known.values()].map(({ file }) => file));
  const pulled = dashboards.map((dashboard): Pulled & { content: Dashboard } => {
    const existing = known.get(dashboard.uid);
    if (existing) return { file: existing.file, ...saved(existing.content, dashboard, sources) };
    const file = freeName(dashboard, taken);
    taken.add(file);
    return { file, change: "new", content: forFile(dashboard) };
  });
  for (const { file, change, content } of pulled)
    if (change !== "same") await writeFile(path.join(folder, file), `${JSON.stringify(content, undefined, 2)}\n`);
  return pulled.map(({ file, change }) => ({ file, change }));
}

function saved(
  file: Dashboard,
  stored: Dashboard,
  sources: DashboardSources,
): { change: "changed" | "same"; content: Dashboard } {
  const provisioned = (dashboardFor(sources, file) ?? file) as Dashboard;
  if (showTheSame(provisioned, stored)) return { change: "same", content: file };
  if (!sources.loki && questionsChanged("elasticsearch", provisioned, stored))
    throw new Error(
      `the dashboard "${stored.title}" was changed where it asks Elasticsearch. Its file asks Loki, and the questions to ` +
        `Elasticsearch are made from that: change the logs' panels in the file, or in a Grafana beside Loki, and undo it here`,
    );
  return { change: "changed", content: mergeSaved(file, provisioned, stored) };
}

function freeName({ title, uid }: Dashboard, taken: ReadonlySet<string>): string {
  const words = title.toLowerCase().match(/[a-z0-9]+/g) ?? [uid];
  const name = `${words.join("-")}.json`;
  return taken.has(name) ? `${words.join("-")}-${uid.toLowerCase().replaceAll(/[^a-z0-9]/g, "-")}.json` : name;
}
