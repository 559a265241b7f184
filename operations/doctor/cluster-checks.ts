import semver from "semver";

import type { Settings } from "../../components/settings/settings";
import { failed, ok, warning, type Check } from "../checks";

/** What a cluster says of itself, as far as a stack depends on it. */
export interface ClusterFacts {
  readonly version: string;
  /** Nodes that take pods; nothing where the user may not ask. */
  readonly nodes: number | undefined;
  readonly storageClasses: readonly { readonly name: string; readonly isDefault: boolean }[] | undefined;
  /** Of those that exist, the level of pod security that each enforces. */
  readonly namespaces: Readonly<Record<string, string | undefined>>;
}

/** The oldest release that `docs/kubernetes.md` names. */
const OLDEST = "1.29.0";

export function versionCheck(server: string, version: string): Check {
  const number = semver.coerce(version)?.version ?? "0.0.0";
  if (semver.gte(number, OLDEST)) return ok("API server", "cluster", `Kubernetes ${version} at ${server}`);
  return failed("API server", "cluster", `Kubernetes ${version} is too old`, `upgrade it to ${OLDEST} or later`);
}

/** @param nodes that take pods. */
export function nodesCheck(settings: Settings, nodes: number | undefined): Check {
  if (nodes === undefined) {
    return warning("nodes", "cluster", "not counted: the user may not list nodes", "allow: list nodes");
  }
  const most = Math.max(1, ...copiesOf(settings).map(([, copies]) => copies));
  const tooMany = copiesOf(settings).filter(([, copies]) => copies > nodes);
  if (nodes === 0) return failed("nodes", "cluster", "no node takes pods", "add nodes, or uncordon one");
  if (tooMany.length === 0) {
    return ok("nodes", "cluster", `${nodes} take pods; the stack has up to ${most} copies of a program`);
  }
  const named = tooMany.map(([name, copies]) => `${copies} of ${name}`).join(", ");
  const detail = `${nodes} take pods, and the stack has ${named}`;
  if (settings.spread === "preferred") return warning("nodes", "cluster", `${detail}, some of them on the same node`);
  return failed("nodes", "cluster", detail, "add nodes, or: pulumi config set spread preferred");
}

/** How many copies the stack has of its programs. */
function copiesOf({ replicas, elk, collectorGateway, frontDoor }: Settings): [string, number][] {
  const absent = new Set([
    ...(elk ? [] : ["elasticsearch", "logstash", "kibana"]),
    ...(collectorGateway ? [] : ["otel-gateway"]),
    ...(frontDoor ? [] : ["front-door"]),
  ]);
  return Object.entries(replicas).filter(([name]) => !absent.has(name));
}

/** @param wanted class that the settings name; nothing for the cluster's default one. */
export function storageCheck(classes: ClusterFacts["storageClasses"], wanted: string | undefined): Check {
  if (classes === undefined) {
    const detail = "not looked at: the user may not list storage classes";
    return warning("storage class", "cluster", detail, "allow: list storageclasses.storage.k8s.io");
  }
  const found = classes.find(({ name, isDefault }) => (wanted === undefined ? isDefault : name === wanted));
  if (found) return ok("storage class", "cluster", found.name);
  const names = classes.map(({ name }) => name).join(", ");
  return failed(
    "storage class",
    "cluster",
    wanted === undefined ? "there is no default one" : `there is none named ${wanted}`,
    names === "" ? "install one" : `choose one of ${names}: pulumi config set storageClass <name>`,
  );
}

/** @param wanted level that each namespace of the stack is to enforce. */
export function securityChecks(
  wanted: Readonly<Record<string, string>>,
  present: ClusterFacts["namespaces"],
  services: string,
): Check[] {
  const own = Object.entries(wanted).map(([namespace, level]) => {
    if (!(namespace in present))
      return ok("pod security", namespace, `the next deploy makes it, and enforces ${level}`);
    const enforced = present[namespace];
    if (enforced === level) return ok("pod security", namespace, `enforces ${level}`);
    const label = `kubectl label namespace ${namespace} --overwrite pod-security.kubernetes.io/enforce=${level}`;
    return failed("pod security", namespace, `enforces ${enforced ?? "nothing"}, not ${level}`, label);
  });
  if (services in present)
    return [...own, ok("services", services, "the namespace of the monitored services is there")];
  const detail = "the namespace of the monitored services does not exist";
  const fix = `kubectl create namespace ${services}, or name yours: pulumi config set servicesNamespace <name>`;
  return [...own, warning("services", services, detail, fix)];
}

/** Something that the user of the verbs has to be allowed. */
export interface Permission {
  readonly purpose: "deploy" | "operate" | "measure";
  readonly verb: string;
  readonly group: string;
  /** With its part, such as `pods/exec`. */
  readonly resource: string;
  /** Nothing for what belongs to no namespace. */
  readonly namespace?: string;
}

const LACKING: Readonly<Record<Permission["purpose"], string>> = {
  deploy: "deploy and stop will fail",
  operate: "verify, logs, backup, restore or cleanup will fail",
  measure: "status can not show memory, nor the disk of programs without a shell",
};

/** @param denied those that the user has not. */
export function permissionChecks(all: readonly Permission[], denied: readonly Permission[]): Check[] {
  return (["deploy", "operate", "measure"] as const).map((purpose) => {
    const lacking = denied.filter((permission) => permission.purpose === purpose);
    const subject = `to ${purpose}`;
    if (lacking.length === 0) {
      const count = all.filter((permission) => permission.purpose === purpose).length;
      return ok("permission", subject, `all ${count} are granted`);
    }
    const detail = `${LACKING[purpose]}, since the user may not ${named(lacking).join("; ")}`;
    const fix = "grant them; docs/operations.md lists what an operator needs";
    return (purpose === "measure" ? warning : failed)("permission", subject, detail, fix);
  });
}

/** Permissions in words, those for the same things together. */
function named(permissions: readonly Permission[]): string[] {
  const verbs = new Map<string, string[]>();
  for (const { verb, group, resource, namespace } of permissions) {
    const of = `${resource}${group ? `.${group}` : ""}${namespace ? ` in ${namespace}` : ""}`;
    verbs.set(of, [...(verbs.get(of) ?? []), verb]);
  }
  return [...verbs].map(([of, list]) => `${list.join(", ")} ${of}`);
}
