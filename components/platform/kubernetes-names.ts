import type { KubernetesSettings, Settings } from "../settings/settings";
import type { Workload } from "./workload";

/** A stack on a cluster. */
export interface Target {
  readonly settings: Settings;
  readonly cluster: KubernetesSettings;
}

/** @throws Error when the settings are not for a cluster. */
export function targetOf(settings: Settings): Target {
  if (settings.kubernetes === undefined) throw new Error(`platform is ${settings.platform}, which is no cluster`);
  return { settings, cluster: settings.kubernetes };
}

/** The one capability that a namespace of level "restricted" lets a container have. */
const UNRESTRICTED = "NET_BIND_SERVICE";

/** Whether a program sees something of its machine, which the stack's own namespace does not allow. */
export function isAgent({ privileges = [] }: Workload): boolean {
  return privileges.some((privilege) => privilege.kind !== "capability" || privilege.name !== UNRESTRICTED);
}

export function agentsNamespace({ cluster }: Target): string {
  return `${cluster.namespace}-agents`;
}

/** Where a program's objects are. */
export function namespaceOf(target: Target, workload: Workload): string {
  return isAgent(workload) ? agentsNamespace(target) : target.cluster.namespace;
}

/** What selects a program's pods. It never changes, since a selector can not. */
export function selectorOf({ settings }: Target, name: string): Record<string, string> {
  return { "app.kubernetes.io/name": name, "app.kubernetes.io/instance": settings.name };
}

/** What all objects of the stack carry. */
export function stackLabelsOf({ settings }: Target): Record<string, string> {
  return {
    "app.kubernetes.io/instance": settings.name,
    "app.kubernetes.io/part-of": "pyairtable-monitoring",
    "app.kubernetes.io/managed-by": "pulumi",
  };
}

/** What all objects of one program carry. */
export function labelsOf(target: Target, name: string): Record<string, string> {
  return { "app.kubernetes.io/name": name, ...stackLabelsOf(target) };
}

/** Name and namespace under which a program's objects of one kind are found. */
export function metadataOf(target: Target, workload: Workload) {
  return { name: workload.name, namespace: namespaceOf(target, workload), labels: labelsOf(target, workload.name) };
}

/** So that the engine does not wait for an object whose readiness follows from another one's. */
export const NOT_AWAITED = { "pulumi.com/skipAwait": "true" };

/** Copies of a program, where their number is a setting. */
export function replicasOf({ placement }: Workload): number {
  return placement.kind === "replicated" ? placement.replicas : 1;
}

/** Whether a program ends by itself. */
export function isJob({ placement }: Workload): boolean {
  return placement.kind === "once" || placement.kind === "scheduled";
}
