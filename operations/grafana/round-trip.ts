import { isDeepStrictEqual } from "node:util";

import type { Dashboard } from "./dashboard-files";

type Fields = Readonly<Record<string, unknown>>;

/** What Grafana counts or adds for itself: it says nothing about what a dashboard shows. */
const STATE = ["id", "version", "iteration"];
/** Set by the Grafana that saved last, whatever was changed. */
const OF_GRAFANA = new Set([...STATE, "schemaVersion"]);

/** Whether two dashboards show the same, whichever Grafana saved them. */
export function showTheSame(one: Dashboard, other: Dashboard): boolean {
  const shown = (dashboard: Dashboard) => withoutReleases(without(dashboard, OF_GRAFANA));
  return isDeepStrictEqual(shown(one), shown(other));
}

/**
 * The file of a dashboard after somebody saved it in Grafana: changed only where they changed something, with its keys in the
 * order that they had.
 *
 * @param file what the file says.
 * @param provisioned what this stack's Grafana was given of it.
 * @param stored what Grafana has now.
 */
export function mergeSaved(file: Dashboard, provisioned: Dashboard, stored: Dashboard): Dashboard {
  if (showTheSame(provisioned, stored)) return file;
  const own = Object.fromEntries(STATE.flatMap((key) => (key in file ? [[key, file[key]]] : [])));
  return merge(file, provisioned, { ...without(stored, new Set(STATE)), ...own }) as Dashboard;
}

/**
 * Whether somebody changed what is asked of a store of that type.
 *
 * @param type of a data source.
 */
export function questionsChanged(type: string, provisioned: Dashboard, stored: Dashboard): boolean {
  const before = questionsTo(type, provisioned);
  return questionsTo(type, stored).some((query) => !before.some((other) => isDeepStrictEqual(other, query)));
}

function questionsTo(type: string, value: unknown): Fields[] {
  if (Array.isArray(value)) return value.flatMap((entry) => questionsTo(type, entry));
  if (!isFields(value)) return [];
  const { datasource, refId } = value;
  if (refId !== undefined && isFields(datasource) && datasource.type === type) return [value];
  return Object.values(value).flatMap((entry) => questionsTo(type, entry));
}

/** A dashboard that has no file yet: provisioning wants its id left open. */
export function forFile(stored: Dashboard): Dashboard {
  return { ...(without(stored, new Set(STATE)) as Dashboard), id: null };
}

function merge(file: unknown, provisioned: unknown, stored: unknown): unknown {
  if (isDeepStrictEqual(provisioned, stored)) return file;
  if (Array.isArray(file) && Array.isArray(stored))
    return mergeLists(file, Array.isArray(provisioned) ? provisioned : [], stored);
  if (!isFields(file) || !isFields(stored)) return stored;
  const before = isFields(provisioned) ? provisioned : {};
  const kept = Object.keys(file).filter((key) => key in stored || !(key in before));
  const added = Object.keys(stored).filter((key) => !(key in file));
  return Object.fromEntries(
    [...kept, ...added].map((key) => [key, key in stored ? merge(file[key], before[key], stored[key]) : file[key]]),
  );
}

/** Lists of panels, queries or variables by what names them, others by place. What this Grafana was not given stays in the file. */
function mergeLists(file: readonly unknown[], provisioned: readonly unknown[], stored: readonly unknown[]): unknown[] {
  const all = [...file, ...stored];
  if (all.some((entry) => nameOf(entry) === undefined))
    return (
      stored
        .map((entry, index) => merge(file[index], provisioned[index], entry))
        // What the stack added to the file's, nobody wrote.
        .filter((entry) => entry !== undefined)
    );
  const named = (list: readonly unknown[], name: unknown) => list.find((entry) => nameOf(entry) === name);
  const merged = stored.map((entry) => {
    const name = nameOf(entry);
    const own = named(file, name);
    return own === undefined ? entry : merge(own, named(provisioned, name), entry);
  });
  for (const [index, entry] of file.entries()) {
    const name = nameOf(entry);
    if (named(provisioned, name) ?? named(stored, name)) continue;
    const before = nameOf(file[index - 1]);
    merged.splice(merged.findIndex((other) => nameOf(other) === before) + 1, 0, entry);
  }
  return merged;
}

function nameOf(entry: unknown): unknown {
  return isFields(entry) ? (entry.refId ?? entry.id ?? entry.name) : undefined;
}

function withoutReleases(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutReleases);
  if (!isFields(value)) return value;
  const kept = Object.entries(value).filter(([key]) => key !== "pluginVersion");
  return Object.fromEntries(kept.map(([key, entry]) => [key, withoutReleases(entry)]));
}

function without(fields: Fields, names: ReadonlySet<string>): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([key]) => !names.has(key)));
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
