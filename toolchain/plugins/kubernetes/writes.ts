/** Creates and changes objects: by server-side apply, or the older way in which the plugin itself works out a patch. */
import { isObject, type Value, type Values } from "../values";
import { ApiError, type KubeObject, type KubernetesClient, type ManagedFields } from "./client";
import { apiPath, type Kind } from "./kinds";
import { isAnnotated, nameOf, namespaceOf } from "./metadata";

const APPLY = "application/apply-patch+yaml";
const MERGE = "application/merge-patch+json";
const JSON_PATCH = "application/json-patch+json";

/** How to write. */
export interface Write {
  readonly client: KubernetesClient;
  readonly kind: Kind;
  readonly manager: string;
  /** Only ask what would come of it. */
  readonly dryRun: boolean;
}

function query({ manager, dryRun }: Write): Record<string, string | undefined> {
  return { fieldManager: manager, fieldValidation: "Strict", dryRun: dryRun ? "All" : undefined };
}

/** Puts advice to a refusal that has some. */
function advise(error: unknown, object: Values, manager: string): Error {
  if (!(error instanceof ApiError)) return error as Error;
  const named = `${String(object["kind"])} '${nameOf(object)}'`;
  if (error.status === 409 && error.reason === "Conflict") {
    const fields = error.causes.map(({ field, message }) => `${field ?? ""}: ${message ?? ""}`);
    return new Error(
      [
        `${named}: fields that the program sets belong to another manager (Server-Side Apply field conflict with ${manager})`,
        ...fields,
        'Take them out of the program, or take them over with the annotation pulumi.com/patchForce: "true".',
      ].join("\n  - "),
    );
  }
  if (/field not declared in schema|unknown field|strict decoding error/.test(error.message)) {
    return new Error(`${named} has a field that Kubernetes does not know: ${error.message}`);
  }
  return error;
}

/** Creates the object, or changes what is there to what the program gives. */
export async function apply(write: Write, object: Values, force: boolean): Promise<KubeObject> {
  const path = apiPath(write.kind, namespaceOf(object), nameOf(object));
  try {
    return await write.client.call("PATCH", path, {
      body: object,
      contentType: APPLY,
      query: { ...query(write), force: String(force || isAnnotated(object, "patchForce")) },
    });
  } catch (error) {
    throw isRetryable(error) ? error : advise(error, object, write.manager);
  }
}

/** The caller has something else to try. */
function isRetryable(error: unknown): boolean {
  return isMissingNamespace(error) || isForbidden(error) || isImmutable(error);
}

export function isMissingNamespace(error: unknown): boolean {
  return error instanceof ApiError && error.isMissingNamespace;
}

export function isForbidden(error: unknown): boolean {
  return error instanceof ApiError && error.status === 403;
}

export function isImmutable(error: unknown): boolean {
  return error instanceof ApiError && error.status === 422 && isImmutableMessage(error.message);
}

/** Every kind says it in words of its own: `field is immutable`, `spec: Forbidden: updates to statefulset spec for fields other than …`. */
export function isImmutableMessage(message: string): boolean {
  return /immutable|forbidden: .*\bupdates? to\b/i.test(message);
}

/** Creates an object that must not be there yet. */
export async function post(write: Write, object: Values): Promise<KubeObject> {
  const path = apiPath(write.kind, namespaceOf(object));
  const call = write.client.call<KubeObject>("POST", path, { body: object, query: query(write) });
  return call.catch((error: unknown) => {
    throw advise(error, object, write.manager);
  });
}

/** What turns one value into the other as a JSON merge patch; lists are given whole. */
function mergePatch(before: Value, after: Value): Value {
  if (!isObject(before) || !isObject(after)) return after;
  const removed = Object.keys(before).filter((key) => after[key] === undefined);
  const changed = Object.keys(after).filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
  return Object.fromEntries([
    ...removed.map((key) => [key, null] as const),
    ...changed.map((key) => [key, mergePatch(before[key], after[key])] as const),
  ]);
}

/** Changes an object from what the program gave before to what it gives now. */
export async function patch(write: Write, before: Values, after: Values): Promise<KubeObject> {
  const path = apiPath(write.kind, namespaceOf(after), nameOf(after));
  const body = mergePatch(before, after);
  const call = write.client.call<KubeObject>("PATCH", path, { body, contentType: MERGE, query: query(write) });
  return call.catch((error: unknown) => {
    throw advise(error, after, write.manager);
  });
}

/** Managers whose fields are taken over: kubectl's, and those of this plugin when it did not apply on the server. */
function isTakenOver({ manager, operation, subresource }: ManagedFields, own: string): boolean {
  if (subresource || (manager === own && operation === "Apply")) return false;
  if (manager.startsWith("kubectl")) return true;
  const ours = ["before-first-apply", "pulumi-kubernetes", "pulumi-resource-kubernetes"];
  return operation === "Update" && ours.some((prefix) => manager.startsWith(prefix));
}

function union(one: Record<string, unknown> = {}, other: Record<string, unknown> = {}): Record<string, unknown> {
  const result = { ...one };
  for (const [key, value] of Object.entries(other)) {
    result[key] = union(one[key] as Record<string, unknown>, value as Record<string, unknown>);
  }
  return result;
}

/** What {@link takeOver} takes. */
export function takenOver(write: Write, live: KubeObject): ManagedFields[] {
  return (live.metadata.managedFields ?? []).filter((entry) => isTakenOver(entry, write.manager));
}

/** Makes fields that kubectl wrote this manager's own, so that applying them is no conflict. */
export async function takeOver(write: Write, live: KubeObject): Promise<void> {
  const entries = live.metadata.managedFields ?? [];
  const taken = takenOver(write, live);
  if (taken.length === 0) return;
  const isOwn = ({ manager, operation }: ManagedFields): boolean => manager === write.manager && operation === "Apply";
  const first = entries.find(isOwn) ?? (taken[0] as ManagedFields);
  const own = {
    ...first,
    manager: write.manager,
    operation: "Apply",
    fieldsV1: [first, ...taken].reduce((all, { fieldsV1 }) => union(all, fieldsV1), {}),
  };
  const others = entries.filter((entry) => !isOwn(entry) && !taken.includes(entry));
  const body = [
    { op: "replace", path: "/metadata/managedFields", value: [...others, own] },
    { op: "replace", path: "/metadata/resourceVersion", value: live.metadata["resourceVersion"] },
  ];
  const path = apiPath(write.kind, live.metadata.namespace, live.metadata.name);
  await write.client.call("PATCH", path, { body, contentType: JSON_PATCH });
}
