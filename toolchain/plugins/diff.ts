/**
 * What changed between a resource's state and a program's inputs, from the table of its properties.
 */
import { DEFAULTS, sameValue, type Schema } from "./schema";
import type { Value, Values } from "./values";

export type ChangeKind = "add" | "delete" | "update";

export interface Change {
  readonly property: string;
  readonly kind: ChangeKind;
  readonly replace: boolean;
  /** The program changed it. Otherwise the resource itself was changed outside. */
  readonly input: boolean;
}

export interface Difference {
  /** In the order of the properties' names, whatever the order of the inputs. */
  readonly changes: readonly Change[];
  readonly deleteBeforeReplace: boolean;
}

function isEmpty(value: Value): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

/** A name given by the program and unchanged cannot be held by the old and the new resource at once. */
function keepsFixedName(schema: Schema, olds: Values, news: Values): boolean {
  const defaulted = Array.isArray(news[DEFAULTS]) ? news[DEFAULTS] : [];
  return Object.entries(schema).some(
    ([key, property]) => property.autoname && !defaulted.includes(key) && olds[key] === news[key],
  );
}

/**
 * Compares the state with the inputs.
 *
 * @param olds Outputs of the last run or refresh.
 * @param oldInputs Inputs of the last run.
 * @param news The program's inputs, after the check; may hold unknown values.
 * @param ignored Properties whose changes the program wants ignored.
 * @param alwaysDeleteFirst The old resource must go before its replacement can be made.
 */
export function difference(
  schema: Schema,
  olds: Values,
  oldInputs: Values,
  news: Values,
  ignored: readonly string[] = [],
  alwaysDeleteFirst = false,
): Difference {
  const changes: Change[] = [];
  for (const key of Object.keys(schema).sort()) {
    const property = schema[key];
    if (!property || property.output || ignored.includes(key)) continue;
    const [before, after] = [olds[key], news[key]];
    if (sameValue(property, before, after)) continue;
    const kind = isEmpty(before) ? "add" : isEmpty(after) ? "delete" : "update";
    const input = !sameValue({ ...property, computed: false }, oldInputs[key], after);
    changes.push({ property: key, kind, replace: property.forceNew ?? false, input });
  }
  const replaced = changes.some((change) => change.replace);
  const deleteBeforeReplace = replaced && (alwaysDeleteFirst || keepsFixedName(schema, olds, news));
  return { changes, deleteBeforeReplace };
}

/**
 * The inputs that would give what was read: every input of the last run, with the value found where it differs.
 * An import has no inputs yet; then every property that a program may set and that is not empty becomes one.
 */
export function inputsFromRead(schema: Schema, oldInputs: Values, outputs: Values): Values {
  const imported = Object.keys(oldInputs).length === 0;
  const inputs: Values = imported ? { [DEFAULTS]: [] } : { ...oldInputs };
  for (const [key, property] of Object.entries(schema)) {
    if (property.output || (!imported && oldInputs[key] === undefined)) continue;
    if (imported && (property.computed || sameValue(property, outputs[key], undefined))) continue;
    if (imported || !sameValue(property, outputs[key], oldInputs[key])) inputs[key] = outputs[key];
  }
  return inputs;
}

/** Outputs whose sets are in the program's order when they hold the same, so that a refresh shows no change. */
export function keepOrder(schema: Schema, outputs: Values, reference: Values): Values {
  const result = { ...outputs };
  for (const [key, property] of Object.entries(schema)) {
    if (property.kind !== "set" || isEmpty(reference[key])) continue;
    if (sameValue(property, outputs[key], reference[key])) result[key] = reference[key];
  }
  return result;
}
