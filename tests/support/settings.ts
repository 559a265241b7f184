import { parseSettings } from "../../components/settings/parse";
import { SettingsError, type Problem } from "../../components/settings/problems";
import type { Settings } from "../../components/settings/settings";

/** Configuration as a person writes it: text, numbers and objects by key. A key that ends in `!` is encrypted. */
export type Written = Readonly<Record<string, unknown>>;

function raw(written: Written) {
  const entries = Object.entries(written).map(
    ([key, value]) => [key.replace(/!$/, ""), typeof value === "string" ? value : JSON.stringify(value)] as const,
  );
  return {
    project: "pyairtable-monitoring",
    stack: "test",
    values: Object.fromEntries(entries),
    secretKeys: new Set(Object.keys(written).flatMap((key) => (key.endsWith("!") ? [key.slice(0, -1)] : []))),
  };
}

/** Settings of a stack named `test`. */
export function settingsFor(written: Written = {}): Settings {
  return parseSettings(raw(written));
}

/** What is wrong with a configuration; empty when nothing is. */
export function problemsOf(written: Written): readonly Problem[] {
  try {
    parseSettings(raw(written));
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}
