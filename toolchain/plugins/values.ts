/**
 * Plain values as they cross the wire between the Pulumi engine and a plugin, and the two markers they may carry:
 * "not known yet" during a preview, and "secret".
 */
export type Value = string | number | boolean | null | undefined | Value[] | { [key: string]: Value };
export type Values = Record<string, Value>;

/** Stands for a value that a preview cannot know yet. Fixed by Pulumi's wire format. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";

/** True for an object with named members, so neither a list nor null. */
export function isObject(value: Value): value is { [key: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True when the value, or anything inside it, is not known yet. */
export function hasUnknown(value: Value): boolean {
  if (Array.isArray(value)) return value.some(hasUnknown);
  if (isObject(value)) return Object.values(value).some(hasUnknown);
  return value === UNKNOWN;
}

/** True for a value that carries the marker itself. */
export function isSecret(value: Value): value is { [key: string]: Value } {
  return isObject(value) && value[SIGNATURE_KEY] === SECRET_SIGNATURE;
}

/** Marks a value as secret, so that the engine encrypts it in the state and never shows it. */
export function secret(value: Value): Value {
  return isSecret(value) ? value : { [SIGNATURE_KEY]: SECRET_SIGNATURE, value };
}

/** True when the value, or anything inside it, is secret. */
export function hasSecret(value: Value): boolean {
  if (Array.isArray(value)) return value.some(hasSecret);
  return isSecret(value) || (isObject(value) && Object.values(value).some(hasSecret));
}

/** The value without the markers of secrets, at any depth. */
export function unwrap(value: Value): Value {
  if (Array.isArray(value)) return value.map(unwrap);
  if (isSecret(value)) return unwrap(value["value"]);
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unwrap(item)]));
  return value;
}

/** Values without their secret markers, and the names of the top-level properties that held one. */
export interface Revealed {
  readonly values: Values;
  readonly secrets: ReadonlySet<string>;
}

/** Takes the secret markers off, remembering which properties they were in. */
export function reveal(values: Values): Revealed {
  const secrets = Object.keys(values).filter((key) => hasSecret(values[key]));
  return { values: unwrap(values) as Values, secrets: new Set(secrets) };
}

/** Puts the secret marker back on every property named in `secrets`. */
export function conceal(values: Values, secrets: Iterable<string>): Values {
  const result = { ...values };
  for (const key of secrets) {
    if (result[key] !== undefined && result[key] !== null) result[key] = secret(result[key]);
  }
  return result;
}
