/**
 * The kinds of objects that the plugin knows: where the API has them, and which changes need a new object.
 */

export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  /** The kind's word in the API's paths. */
  readonly plural: string;
  readonly namespaced: boolean;
  /** Paths whose change needs a new object; what lies below them included. As the vendor's plugin has them. */
  readonly replacedBy: readonly string[];
}

interface Rules {
  readonly plural?: string;
  readonly clusterWide?: true;
  readonly replacedBy?: readonly string[];
}

function kind(apiVersion: string, name: string, rules: Rules = {}): Kind {
  const { plural = `${name.toLowerCase()}s`, clusterWide, replacedBy = [] } = rules;
  const always = ["metadata.name", "metadata.namespace"];
  return { apiVersion, kind: name, plural, namespaced: !clusterWide, replacedBy: [...always, ...replacedBy] };
}

const rbac = "rbac.authorization.k8s.io/v1";

export const KINDS: readonly Kind[] = [
  kind("v1", "Namespace", { clusterWide: true }),
  kind("v1", "ConfigMap"),
  kind("v1", "Secret", { replacedBy: ["type"] }),
  kind("v1", "Service", { replacedBy: ["spec.clusterIP"] }),
  kind("v1", "ServiceAccount"),
  kind("v1", "PersistentVolumeClaim", {
    replacedBy: ["spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"],
  }),
  kind("apps/v1", "Deployment", { replacedBy: ["spec.selector"] }),
  kind("apps/v1", "DaemonSet", { replacedBy: ["spec.selector"] }),
  kind("apps/v1", "StatefulSet", {
    replacedBy: [
      "spec.podManagementPolicy",
      "spec.revisionHistoryLimit",
      "spec.selector",
      "spec.serviceName",
      "spec.volumeClaimTemplates",
    ],
  }),
  kind("batch/v1", "Job", {
    replacedBy: ["spec.completions", "spec.parallelism", "spec.selector", "spec.template"],
  }),
  kind("batch/v1", "CronJob"),
  kind("policy/v1", "PodDisruptionBudget"),
  kind("networking.k8s.io/v1", "NetworkPolicy", { plural: "networkpolicies" }),
  kind("networking.k8s.io/v1", "Ingress", { plural: "ingresses" }),
  kind(rbac, "Role"),
  kind(rbac, "RoleBinding", { replacedBy: ["roleRef"] }),
  kind(rbac, "ClusterRole", { clusterWide: true }),
  kind(rbac, "ClusterRoleBinding", { clusterWide: true, replacedBy: ["roleRef"] }),
  kind("scheduling.k8s.io/v1", "PriorityClass", { clusterWide: true, plural: "priorityclasses" }),
];

/** The resource type's token, such as `kubernetes:core/v1:Service`. */
export function token({ apiVersion, kind: name }: Kind): string {
  return `kubernetes:${apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`}:${name}`;
}

/** The API's path of an object, or without a name of all of them. */
export function apiPath({ apiVersion, plural, namespaced }: Kind, namespace?: string, name?: string): string {
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const within = namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${root}${within}/${plural}${name ? `/${encodeURIComponent(name)}` : ""}`;
}
