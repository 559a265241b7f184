/** Brings a program's inputs into the form in which the API server gives them back. */
import { hasUnknown, isObject, type Value, type Values } from "../values";
import { canonicalQuantity } from "./quantity";

/** Set by the server; a program that copied them from an object would never agree with it again. */
const READ_ONLY = [
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "uid",
] as const;

/** Objects whose every member is an amount, by the name of the property that holds them. */
const AMOUNTS = ["limits", "requests"] as const;
const AMOUNT = ["sizeLimit", "divisor"] as const;

function includes(names: readonly string[], name: string): boolean {
  return names.includes(name);
}

function amount(value: Value): Value {
  return typeof value === "string" || typeof value === "number" ? canonicalQuantity(String(value)) : value;
}

function amounts(value: Value, key: string, parent: string): Value {
  if (Array.isArray(value)) return value.map((item) => amounts(item, "", key));
  if (!isObject(value)) return includes(AMOUNT, key) ? amount(value) : value;
  const each = parent === "resources" && includes(AMOUNTS, key) ? amount : undefined;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined && item !== null)
      .map(([name, item]) => [name, each ? each(item) : amounts(item, name, key)]),
  );
}

/** The server takes `stringData` but gives back `data` only, in base64 as it writes it. */
function secretData(inputs: Values): Values {
  const { stringData, ...rest } = inputs;
  const data = isObject(rest["data"]) ? rest["data"] : {};
  const rewritten = Object.entries(data).map(([key, value]) => [
    key,
    Buffer.from(String(value), "base64").toString("base64"),
  ]);
  const written = Object.entries(isObject(stringData) ? stringData : {}).map(([key, value]) => [
    key,
    Buffer.from(String(value)).toString("base64"),
  ]);
  const all = [...rewritten, ...written];
  return all.length === 0 ? rest : { ...rest, data: Object.fromEntries(all) as Values };
}

/** @param inputs Without markers of secrets. While something in them is unknown, only what is read-only goes. */
export function normalizeInputs(inputs: Values): Values {
  let normal = inputs;
  if (!hasUnknown(inputs)) {
    // What a ConfigMap or Secret holds is the program's own, whatever its keys are called.
    const { data, stringData, binaryData, ...rest } = inputs;
    normal = { ...(amounts(rest, "", "") as Values), ...defined({ data, stringData, binaryData }) };
    if (inputs["kind"] === "Secret") normal = secretData(normal);
  }
  if (!isObject(normal["metadata"])) return normal;
  const kept = Object.entries(normal["metadata"]).filter(([key]) => !includes(READ_ONLY, key));
  return { ...normal, metadata: Object.fromEntries(kept) };
}

function defined(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== null));
}
