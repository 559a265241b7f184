import { setTimeout as sleep } from "node:timers/promises";

import type { ClusterApi } from "./kubernetes-api";
import { removeHelpers } from "./kubernetes-helper";
import { labelled, STACK_LABEL, type Named } from "./kubernetes-objects";

/** What a namespace of the stack may hold, in the order in which it is removed: what makes others goes before them. */
const KINDS = [
  "/apis/networking.k8s.io/v1/*/ingresses",
  "/apis/apps/v1/*/deployments",
  "/apis/apps/v1/*/statefulsets",
  "/apis/apps/v1/*/daemonsets",
  "/apis/batch/v1/*/cronjobs",
  "/apis/batch/v1/*/jobs",
  "/apis/policy/v1/*/poddisruptionbudgets",
  "/api/v1/*/services",
  "/api/v1/*/pods",
  "/api/v1/*/persistentvolumeclaims",
  "/api/v1/*/configmaps",
  "/api/v1/*/secrets",
  "/api/v1/*/serviceaccounts",
  "/apis/networking.k8s.io/v1/*/networkpolicies",
];

const CLUSTER_WIDE = [
  "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
  "/apis/rbac.authorization.k8s.io/v1/clusterroles",
];

/** What every namespace has of its own. */
const EVERYWHERE = new Set(["kube-root-ca.crt", "default"]);

const GONE_MS = 180_000;
const POLL_MS = 500;

/** A stack's place on a cluster. */
export interface Remains {
  readonly stack: string;
  readonly namespaces: readonly string[];
  /** Where the services are, among whose pods a helper of the verbs may be left. */
  readonly servicesNamespace: string;
}

/**
 * Removes everything that carries the stack's label, and its namespaces. One that holds something else stays.
 *
 * @param report gets why a namespace stays.
 */
export async function removeRemains(
  api: ClusterApi,
  { stack, namespaces, servicesNamespace }: Remains,
  report: (message: string) => void,
): Promise<void> {
  const own = labelled({ [STACK_LABEL]: stack });
  if (await api.find(`/api/v1/namespaces/${servicesNamespace}`)) await removeHelpers(api, stack, [servicesNamespace]);
  for (const path of CLUSTER_WIDE) {
    for (const { metadata } of await api.list<Named>(`${path}?${own}`)) await api.remove(`${path}/${metadata.name}`);
  }
  for (const namespace of namespaces) {
    const found = await api.find<Named>(`/api/v1/namespaces/${namespace}`);
    if (found === undefined) continue;
    for (const kind of KINDS) await removeAll(api, pathOf(kind, namespace), own);
    const foreign = await foreignIn(api, namespace, stack);
    const isOwn = found.metadata.labels?.[STACK_LABEL] === stack;
    if (isOwn && foreign.length === 0) await api.remove(`/api/v1/namespaces/${namespace}`);
    else if (isOwn) report(`the namespace ${namespace} stays, since it holds what is not the stack's: ${foreign[0]}`);
  }
  await Promise.all(namespaces.map((namespace) => gone(api, namespace)));
}

function pathOf(kind: string, namespace: string): string {
  return kind.replace("*", `namespaces/${namespace}`);
}

async function removeAll(api: ClusterApi, path: string, own: string): Promise<void> {
  const present = await api.list<Named>(`${path}?${own}`);
  await Promise.all(present.map(({ metadata }) => api.remove(`${path}/${metadata.name}`)));
}

/** What is in a namespace and neither the stack's nor of every namespace; pods that end are their owners' business. */
async function foreignIn(api: ClusterApi, namespace: string, stack: string): Promise<string[]> {
  const found = await Promise.all(
    KINDS.map(async (kind) => {
      const items = await api.list<Named>(pathOf(kind, namespace));
      const plural = kind.slice(kind.lastIndexOf("/") + 1);
      return items
        .filter(({ metadata }) => metadata.labels?.[STACK_LABEL] !== stack && !EVERYWHERE.has(metadata.name))
        .map(({ metadata }) => `${plural}/${metadata.name}`);
    }),
  );
  return found.flat();
}

/** @throws Error when a namespace that is on its way out does not get there. */
async function gone(api: ClusterApi, namespace: string): Promise<void> {
  const end = Date.now() + GONE_MS;
  for (;;) {
    const found = await api.find<Named>(`/api/v1/namespaces/${namespace}`);
    if (found?.metadata.deletionTimestamp === undefined) return;
    if (Date.now() > end)
      throw new Error(`the namespace ${namespace} does not go; look at: kubectl get ns ${namespace}`);
    await sleep(POLL_MS);
  }
}
