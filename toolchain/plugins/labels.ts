/** Labels: the engine keeps a map, the resource types a set of pairs. */
import type { Property } from "./schema";
import { isObject, type Value } from "./values";

export const labelItem: Property = {
  kind: "object",
  fields: { label: { kind: "string", required: true }, value: { kind: "string", required: true } },
};

/** Pairs to the engine's map. */
export function labelMap(value: Value): Record<string, string> {
  const pairs = Array.isArray(value) ? value.filter(isObject) : [];
  return Object.fromEntries(pairs.map((pair) => [String(pair["label"]), String(pair["value"])]));
}

/** The engine's map to pairs, in the order of their names. */
export function labelPairs(map: Record<string, string> | null | undefined): Value[] {
  const names = Object.keys(map ?? {}).sort();
  return names.map((label) => ({ label, value: map?.[label] ?? "" }));
}
