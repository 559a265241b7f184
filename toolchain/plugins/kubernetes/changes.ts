/** What a program would change about an object. */
import type { Change } from "../diff";
import { isObject, type Value, type Values } from "../values";

type Path = readonly (string | number)[];

/**
 * The parts of `source`, which is an object as the server has it, that the program's `shape` has too. Lists are matched
 * by position. What others add stays out. The server leaves out some of what a program gives and what is empty, such as
 * `hostNetwork: false`; that counts as being there.
 */
export function prune(source: Values, shape: Values): Values {
  const kept = Object.entries(shape)
    .filter(([key, value]) => !isMissing(source[key]) || isEmpty(value))
    .map(([key, value]) => [key, isMissing(source[key]) ? value : pruneValue(source[key], value)]);
  return Object.fromEntries(kept) as Values;
}

function pruneValue(value: Value, shape: Value): Value {
  if (Array.isArray(value) && Array.isArray(shape)) {
    return value.slice(0, shape.length).map((item, index) => pruneValue(item, shape[index]));
  }
  return isObject(value) && isObject(shape) ? prune(value, shape) : value;
}

function isMissing(value: Value): value is null | undefined {
  return value === undefined || value === null;
}

function isEmpty(value: Value): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (isObject(value)) return Object.values(value).every(isEmpty);
  return isMissing(value) || value === "" || value === 0 || value === false;
}

/** A path as the engine writes it. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    if (/[."[\]]/.test(part)) return `${text}["${part.replaceAll('"', '\\"')}"]`;
    return text === "" ? part : `${text}.${part}`;
  }, "");
}

function replaces(path: Path, value: Value, rules: readonly string[]): boolean {
  const here = path.filter((part) => typeof part === "string");
  return rules.some((rule) => {
    const parts = rule.split(".");
    if (!parts.slice(0, here.length).every((part, index) => here[index] === part)) return false;
    if (parts.length <= here.length) return true;
    // The change is above the rule's path: it counts when it brings something there.
    return (
      parts.slice(here.length).reduce<Value>((at, part) => (isObject(at) ? at[part] : undefined), value) !== undefined
    );
  });
}

type Found = (path: Path, before: Value, after: Value) => void;

function compare(path: Path, before: Value, after: Value, found: Found): void {
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    for (const key of keys) compare([...path, key], before[key], after[key], found);
  } else if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    for (let index = 0; index < length; index += 1) compare([...path, index], before[index], after[index], found);
  } else if (before !== after) {
    found(path, before, after);
  }
}

/**
 * The changes from an object's state to what the program gives now.
 *
 * @param before The state, pruned to what the program gave before.
 * @param rules Paths whose change needs a new object.
 */
export function changes(before: Values, after: Values, rules: readonly string[]): Change[] {
  const result: Change[] = [];
  compare([], before, after, (path, old, value) => {
    const kind = old === undefined ? "add" : value === undefined ? "delete" : "update";
    const replace = replaces(path, value ?? old, rules);
    result.push({ property: pathText(path), kind, replace, input: kind === "delete" });
  });
  return result;
}

/** True when a change lies at or below one of these paths. */
export function isIgnored(property: string, ignored: readonly string[]): boolean {
  return ignored.some(
    (path) => property === path || property.startsWith(`${path}.`) || property.startsWith(`${path}[`),
  );
}
