/**
 * What a resource type's properties are, as a table, and the check of a program's inputs against it.
 */
import { randomBytes } from "node:crypto";
import { distance } from "fastest-levenshtein";
import { hasUnknown, isObject, UNKNOWN, type Value, type Values } from "./values";

export type Kind = "string" | "integer" | "boolean" | "map" | "list" | "set" | "object";

export interface Property {
  readonly kind: Kind;
  /** What a list or set holds. Default: strings. */
  readonly items?: Property;
  /** The members of an object. */
  readonly fields?: Schema;
  readonly required?: boolean;
  readonly default?: Value;
  /** A change needs a new resource. Otherwise it is an update in place. */
  readonly forceNew?: boolean;
  /** Left out by the program, the engine chooses it: what it chose is then no change. */
  readonly computed?: boolean;
  /** Set by the provider only, never by a program. */
  readonly output?: boolean;
  /** Output that is always secret. */
  readonly secret?: boolean;
  /** The vendor's plugin knows it and this project's own does not. */
  readonly vendorOnly?: boolean;
  /** A name is made up from the resource's name when the program gives none. */
  readonly autoname?: boolean;
  /** Says what is wrong with a value of the right kind, or nothing. */
  readonly validate?: (value: Value) => string | undefined;
  /** Two values that differ in form only. Default: equal after defaults, and for a set regardless of order. */
  readonly same?: (before: Value, after: Value) => boolean;
}

export type Schema = Readonly<Record<string, Property>>;

/** One input that a program must change. `property` is a path such as `uploads[0].file`. */
export interface Failure {
  readonly property: string;
  readonly reason: string;
}

/** How the engine wants names made: a proposal, an order, or no automatic names at all. */
export interface Autonaming {
  readonly mode: "propose" | "enforce" | "disable";
  readonly proposed?: string;
}

/** The inputs key under which the names of the properties that got a default are kept; the vendors' plugins do so too. */
export const DEFAULTS = "__defaults";

const KIND_WORDS: Record<Kind, string> = {
  string: "a string",
  integer: "a whole number",
  boolean: "true or false",
  map: "a map of strings",
  list: "a list",
  set: "a list",
  object: "an object",
};

function isOfKind(value: Value, kind: Kind): boolean {
  switch (kind) {
    case "string":
    case "boolean":
      return typeof value === kind;
    case "integer":
      return Number.isSafeInteger(value);
    case "list":
    case "set":
      return Array.isArray(value);
    case "map":
    case "object":
      return isObject(value);
  }
}

function describe(value: Value): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number") return "a number";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function suggest(name: string, allowed: readonly string[]): string {
  const close = allowed.find((other) => distance(name.toLowerCase(), other.toLowerCase()) <= 2);
  return close ? `; did you mean '${close}'?` : `; allowed: ${allowed.join(", ")}`;
}

function checkFields(values: Values, schema: Schema, path: string): Failure[] {
  const allowed = Object.keys(schema).filter((key) => !schema[key]?.output && !schema[key]?.vendorOnly);
  const failures: Failure[] = [];
  for (const key of Object.keys(values)) {
    if (key === DEFAULTS || values[key] === undefined || values[key] === null) continue;
    const property = schema[key];
    if (!property || property.output) {
      failures.push({ property: path + key, reason: `unknown property '${path}${key}'${suggest(key, allowed)}` });
    } else {
      failures.push(...checkValue(values[key], property, path + key));
    }
  }
  for (const key of allowed) {
    if (schema[key]?.required && (values[key] === undefined || values[key] === null)) {
      failures.push({ property: path + key, reason: `missing required property '${path}${key}'` });
    }
  }
  return failures;
}

function checkValue(value: Value, property: Property, path: string): Failure[] {
  if (property.vendorOnly) return [{ property: path, reason: `'${path}' needs the vendor's plugin` }];
  if (value === UNKNOWN) return [];
  if (!isOfKind(value, property.kind)) {
    // The value itself stays out of the message: it may be a secret.
    const reason = `'${path}' must be ${KIND_WORDS[property.kind]}, but it is ${describe(value)}`;
    return [{ property: path, reason }];
  }
  if (Array.isArray(value)) {
    const items = property.items ?? { kind: "string" };
    return value.flatMap((item, index) => checkValue(item, items, `${path}[${index}]`));
  }
  if (isObject(value) && property.fields) return checkFields(value, property.fields, `${path}.`);
  if (isObject(value)) {
    return Object.entries(value).flatMap(([key, item]) => checkValue(item, { kind: "string" }, `${path}.${key}`));
  }
  const wrong = property.validate?.(value);
  return wrong ? [{ property: path, reason: `'${path}' ${wrong}` }] : [];
}

/** The made-up name: the resource's own name, a dash and seven random hexadecimal digits, 255 characters at most. */
function makeName(resourceName: string): string {
  const suffix = `-${randomBytes(4).toString("hex").slice(0, 7)}`;
  return resourceName.slice(0, 255 - suffix.length) + suffix;
}

function chooseName(resourceName: string, olds: Values, key: string, autonaming?: Autonaming): Value {
  const wasAutomatic = Array.isArray(olds[DEFAULTS]) && olds[DEFAULTS].includes(key);
  if (wasAutomatic && olds[key]) return olds[key];
  if (autonaming?.mode === "disable") return undefined;
  return autonaming?.proposed ?? makeName(resourceName);
}

/** What checking a program's inputs gives: the inputs with defaults, or what is wrong with them. */
export interface Checked {
  readonly inputs: Values;
  readonly failures: readonly Failure[];
}

/**
 * Checks a program's inputs and fills in the defaults.
 *
 * @param olds The inputs of the last run; an automatic name is kept from there.
 */
export function checkInputs(
  schema: Schema,
  resourceName: string,
  olds: Values,
  news: Values,
  autonaming?: Autonaming,
): Checked {
  const inputs: Values = {};
  for (const [key, value] of Object.entries(news)) {
    if (value !== undefined && value !== null && key !== DEFAULTS) inputs[key] = value;
  }
  const defaulted: string[] = [];
  for (const [key, property] of Object.entries(schema)) {
    if (inputs[key] !== undefined || property.output) continue;
    const value = property.autoname ? chooseName(resourceName, olds, key, autonaming) : property.default;
    if (value === undefined) continue;
    inputs[key] = value;
    defaulted.push(key);
  }
  const failures = checkFields(inputs, schema, "");
  for (const [key, property] of Object.entries(schema)) {
    if (property.autoname && inputs[key] === undefined) {
      failures.push({ property: key, reason: `'${key}' must be given, because automatic names are switched off` });
    }
  }
  return { inputs: { ...inputs, [DEFAULTS]: defaulted.sort() }, failures };
}

/** A property's value with every default and every empty form written out, so that two of them can be compared. */
export function normalize(value: Value, property: Property): Value {
  if (value === UNKNOWN) return value;
  switch (property.kind) {
    case "string":
      return value ?? property.default ?? "";
    case "integer":
      return value ?? property.default ?? 0;
    case "boolean":
      return value ?? property.default ?? false;
    case "map":
      return sortKeys(isObject(value) ? value : {});
    case "list":
      return normalizeItems(value, property);
    case "set": {
      const members = new Map(normalizeItems(value, property).map((item) => [JSON.stringify(item), item]));
      return [...members].sort(([a], [b]) => compare(a, b)).map(([, item]) => item);
    }
    case "object":
      return isObject(value) ? normalizeFields(value, property.fields ?? {}) : null;
  }
}

function normalizeItems(value: Value, property: Property): Value[] {
  const items = property.items ?? { kind: "string" };
  return (Array.isArray(value) ? value : []).map((item) => normalize(item, items));
}

function normalizeFields(values: Values, fields: Schema): Value {
  const keys = Object.keys(fields).sort();
  return Object.fromEntries(keys.map((key) => [key, normalize(values[key], fields[key] as Property)]));
}

function sortKeys(values: { [key: string]: Value }): Value {
  return Object.fromEntries(Object.entries(values).sort(([a], [b]) => compare(a, b)));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** True when two values of a property mean the same. An unknown value is equal to nothing. */
export function sameValue(property: Property, before: Value, after: Value): boolean {
  if (hasUnknown(after)) return false;
  if (property.computed && (after === undefined || after === null)) return true;
  if (property.same) return property.same(before, after);
  return JSON.stringify(normalize(before, property)) === JSON.stringify(normalize(after, property));
}
