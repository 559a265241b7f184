import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";

import { failed, ok, type Check } from "../checks";

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
    const unknown = [...usedSources(dashboard)].filter((used) => !sources.has(used) && !isVariable(used));
    if (unknown.length > 0)
      return failed("dashboard", file, `uses ${unknown.join(", ")}, which is no provisioned data source`);
    return ok("dashboard", file, title);
  });
}

const isVariable = (uid: string) => BUILT_IN.has(uid) || uid.startsWith("$");

function usedSources(value: unknown): Set<string> {
  const found = new Set<string>();
  const walk = (at: unknown, key?: string) => {
    if (typeof at !== "object" || at === null) return;
    const { uid } = at as { uid?: unknown };
    if (key === "datasource" && typeof uid === "string") found.add(uid);
    for (const [name, child] of Object.entries(at)) {
      if (name === "datasource" && typeof child === "string") found.add(child);
      walk(child, name);
    }
  };
  walk(value);
  return found;
}

/** What pulling dashboards did to the files. */
export interface Pulled {
  readonly file: string;
  readonly change: "new" | "changed" | "same";
}

/**
 * Writes dashboards to the files that hold them already, by uid, or to new ones named after their title. Nothing is
 * written for one whose file says the same.
 */
export async function writeDashboards(folder: string, dashboards: readonly Dashboard[]): Promise<Pulled[]> {
  const known = new Map<string, { file: string; content: Dashboard }>();
  for (const { file, text } of await readDashboards(folder)) {
    const content = JSON.parse(text) as Dashboard;
    known.set(content.uid, { file, content });
  }
  const taken = new Set([...known.values()].map(({ file }) => file));
  const pulled: Pulled[] = [];
  for (const dashboard of dashboards) {
    const existing = known.get(dashboard.uid);
    const file = existing?.file ?? freeName(dashboard, taken);
    taken.add(file);
    if (existing && isDeepStrictEqual(withoutState(existing.content), withoutState(dashboard))) {
      pulled.push({ file, change: "same" });
      continue;
    }
    await writeFile(path.join(folder, file), `${JSON.stringify(dashboard, undefined, 2)}\n`);
    pulled.push({ file, change: existing ? "changed" : "new" });
  }
  return pulled;
}

/** A dashboard without the numbers that Grafana counts for itself: they say nothing about what it shows. */
export function withoutState(dashboard: Dashboard): Dashboard {
  return Object.fromEntries(Object.entries(dashboard).filter(([key]) => !["id", "version"].includes(key))) as Dashboard;
}

function freeName({ title, uid }: Dashboard, taken: ReadonlySet<string>): string {
  const words = title.toLowerCase().match(/[a-z0-9]+/g) ?? [uid];
  const name = `${words.join("-")}.json`;
  return taken.has(name) ? `${words.join("-")}-${uid.toLowerCase().replaceAll(/[^a-z0-9]/g, "-")}.json` : name;
}
