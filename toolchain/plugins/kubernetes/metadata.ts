/** Names, and the annotations by which a program steers the plugin; they are the vendor's. */
import { randomBytes } from "node:crypto";
import type { Autonaming } from "../schema";
import { isObject, type Values } from "../values";

const PREFIX = "pulumi.com/";

/** Longest name that every kind of object may have. */
const LONGEST_NAME = 253;

export type Annotation =
  | "autonamed"
  | "skipAwait"
  | "timeoutSeconds"
  | "patchForce"
  | "patchFieldManager"
  | "deletionPropagationPolicy"
  | "waitFor"
  | "replaceUnready";

export function metadataOf(object: Values): Values {
  return isObject(object["metadata"]) ? object["metadata"] : {};
}

export function annotation(object: Values, name: Annotation): string | undefined {
  const annotations = metadataOf(object)["annotations"];
  const value = isObject(annotations) ? annotations[PREFIX + name] : undefined;
  return typeof value === "string" ? value : undefined;
}

export function isAnnotated(object: Values, name: Annotation): boolean {
  return annotation(object, name) === "true";
}

export function nameOf(object: Values): string {
  const { name } = metadataOf(object);
  return typeof name === "string" ? name : "";
}

export function namespaceOf(object: Values): string {
  const { namespace } = metadataOf(object);
  return typeof namespace === "string" ? namespace : "";
}

/** How the engine knows an object: `namespace/name`, or the name alone. */
export function idOf(object: Values): string {
  return [namespaceOf(object), nameOf(object)].filter(Boolean).join("/");
}

export function parseId(id: string): { readonly namespace: string; readonly name: string } {
  const [first = "", second] = id.split("/");
  return second === undefined ? { namespace: "", name: first } : { namespace: first, name: second };
}

export function withMetadata(object: Values, more: Values): Values {
  return { ...object, metadata: { ...metadataOf(object), ...more } };
}

function marked(object: Values, name: string): Values {
  const { annotations } = metadataOf(object);
  const others = isObject(annotations) ? annotations : {};
  return withMetadata(object, { name, annotations: { ...others, [`${PREFIX}autonamed`]: "true" } });
}

/** Gives the object a name if the program gave none: the one it had, or a new one with a random end. */
export function autoname(object: Values, olds: Values, resourceName: string, naming?: Autonaming): Values {
  if (metadataOf(object)["name"] !== undefined || typeof object["metadata"] === "string") return object;
  if (isAnnotated(olds, "autonamed")) return marked(object, nameOf(olds));
  if (naming?.mode === "disable") {
    throw new Error("'metadata.name' must be given, because automatic names are switched off");
  }
  const suffix = `-${randomBytes(4).toString("hex")}`;
  return marked(object, naming?.proposed ?? resourceName.slice(0, LONGEST_NAME - suffix.length) + suffix);
}
