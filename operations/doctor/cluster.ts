import type { KubernetesSettings, Settings } from "../../components/settings/settings";
import type { Check } from "../checks";
import { placeFrom } from "../platform";
import type { ClusterApi } from "../platform/kubernetes-api";
import { KubernetesClient } from "../platform/kubernetes";
import type { Named } from "../platform/kubernetes-objects";
import {
  nodesCheck,
  permissionChecks,
  securityChecks,
  storageCheck,
  versionCheck,
  type ClusterFacts,
  type Permission,
} from "./cluster-checks";

/**
 * Looks at the cluster that a stack with these settings is to be on. Nothing is created.
 *
 * @throws UsageError when it does not answer.
 */
export async function clusterChecks(settings: Settings, cluster: KubernetesSettings): Promise<Check[]> {
  const client = await KubernetesClient.connect(placeFrom(settings));
  try {
    const { api } = client;
    const levels = { [cluster.namespace]: "restricted", [`${cluster.namespace}-agents`]: "privileged" };
    const wanted = permissionsOf(cluster.namespace, `${cluster.namespace}-agents`, cluster.servicesNamespace);
    const names = [...Object.keys(levels), cluster.servicesNamespace];
    const [facts, answers] = await Promise.all([
      factsOf(api, names),
      Promise.all(wanted.map((permission) => isAllowed(api, permission))),
    ]);
    return [
      versionCheck(api.access.server, facts.version),
      nodesCheck(settings, facts.nodes),
      storageCheck(facts.storageClasses, cluster.storageClass),
      ...securityChecks(levels, facts.namespaces, cluster.servicesNamespace),
      ...permissionChecks(
        wanted,
        wanted.filter((_, index) => !answers[index]),
      ),
    ];
  } finally {
    await client.close();
  }
}

interface Node extends Named {
  readonly spec?: { readonly unschedulable?: boolean; readonly taints?: readonly { readonly effect: string }[] };
}

const DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class";
const ENFORCED = "pod-security.kubernetes.io/enforce";

async function factsOf(api: ClusterApi, names: readonly string[]): Promise<ClusterFacts> {
  const [{ gitVersion }, nodes, classes, ...namespaces] = await Promise.all([
    api.get<{ gitVersion: string }>("/version"),
    api.list<Node>("/api/v1/nodes?limit=500").catch(() => undefined),
    api.list<Named>("/apis/storage.k8s.io/v1/storageclasses").catch(() => undefined),
    ...names.map((name) => api.find<Named>(`/api/v1/namespaces/${name}`).catch(() => undefined)),
  ]);
  const present = namespaces.filter((namespace) => namespace !== undefined);
  return {
    version: gitVersion,
    nodes: nodes?.filter(takesPods).length,
    storageClasses: classes?.map(({ metadata: { name, annotations } }) => ({
      name,
      isDefault: annotations?.[DEFAULT_CLASS] === "true",
    })),
    namespaces: Object.fromEntries(present.map(({ metadata: { name, labels } }) => [name, labels?.[ENFORCED]])),
  };
}

function takesPods({ spec = {} }: Node): boolean {
  return !spec.unschedulable && !spec.taints?.some(({ effect }) => effect === "NoSchedule" || effect === "NoExecute");
}

async function isAllowed(api: ClusterApi, { verb, group, resource: full, namespace }: Permission): Promise<boolean> {
  const [resource, subresource] = full.split("/");
  const attributes = { verb, group, resource, subresource, namespace };
  const { status } = await api.review<{ status: { allowed: boolean } }>(
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: attributes },
    },
  );
  return status.allowed;
}

const CHANGE = ["get", "list", "watch", "create", "patch", "delete"];

/** What the engine makes in a namespace of the stack, by the group of its API. */
const MADE: Readonly<Record<string, readonly string[]>> = {
  "": ["services", "configmaps", "secrets", "serviceaccounts"],
  apps: ["deployments", "statefulsets", "daemonsets"],
  batch: ["jobs", "cronjobs"],
  policy: ["poddisruptionbudgets"],
  "networking.k8s.io": ["networkpolicies", "ingresses"],
};

/** What the verbs do by themselves in a namespace of the stack. */
const DONE: readonly (readonly [resource: string, verbs: readonly string[]])[] = [
  ["pods", ["get", "list", "create", "delete"]],
  ["pods/log", ["get"]],
  ["pods/exec", ["get", "create"]],
  ["pods/portforward", ["get", "create"]],
  ["persistentvolumeclaims", ["get", "list", "delete"]],
];

function permissionsOf(programs: string, agents: string, services: string): Permission[] {
  const each = (
    purpose: Permission["purpose"],
    group: string,
    resource: string,
    verbs: readonly string[],
    namespace?: string,
  ) => verbs.map((verb) => ({ purpose, verb, group, resource, ...(namespace === undefined ? {} : { namespace }) }));
  return [
    ...each("deploy", "", "namespaces", CHANGE),
    ...["clusterroles", "clusterrolebindings"].flatMap((resource) =>
      each("deploy", "rbac.authorization.k8s.io", resource, CHANGE),
    ),
    ...[programs, agents].flatMap((namespace) => [
      ...Object.entries(MADE).flatMap(([group, resources]) =>
        resources.flatMap((resource) => each("deploy", group, resource, CHANGE, namespace)),
      ),
      ...DONE.flatMap(([resource, verbs]) => each("operate", "", resource, verbs, namespace)),
    ]),
    ...each("operate", "", "pods", ["get", "list", "create", "delete"], services),
    ...each("operate", "", "pods/log", ["get"], services),
    ...each("measure", "metrics.k8s.io", "pods", ["list"], programs),
    ...each("measure", "", "nodes/proxy", ["get"]),
  ];
}
