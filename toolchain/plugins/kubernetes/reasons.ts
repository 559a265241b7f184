/** Why an object is not ready: what its pods and the cluster's events say. */
import type { KubeObject, KubernetesClient } from "./client";

const MOST_PODS = 3;
const MOST_EVENTS = 5;

interface ContainerStatus {
  readonly name: string;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: { readonly reason?: string; readonly message?: string; readonly exitCode?: number };
  };
}

interface PodStatus {
  readonly phase?: string;
  readonly conditions?: readonly { type: string; status: string; reason?: string; message?: string }[];
  readonly containerStatuses?: readonly ContainerStatus[];
  readonly initContainerStatuses?: readonly ContainerStatus[];
}

interface Event extends KubeObject {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly involvedObject?: { readonly name?: string; readonly kind?: string };
}

function selector(object: KubeObject): string | undefined {
  const given = (object["spec"] as { selector?: Record<string, unknown> } | undefined)?.selector;
  // A service's selector is the labels themselves.
  const labels = (object.kind === "Service" ? given : given?.["matchLabels"]) as Record<string, string> | undefined;
  if (!labels) return undefined;
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

function containerReason({ name, state }: ContainerStatus): string | undefined {
  const found = state?.waiting ?? state?.terminated;
  if (!found || found.reason === "ContainerCreating" || state?.terminated?.exitCode === 0) return undefined;
  return `container '${name}': ${[found.reason, found.message].filter(Boolean).join(": ")}`;
}

/** What keeps a pod from being ready; nothing for one that is. */
function podReasons(pod: KubeObject): string[] {
  const { phase, conditions = [], containerStatuses = [], initContainerStatuses = [] } = pod["status"] as PodStatus;
  const isTrue = (type: string): boolean => conditions.some((each) => each.type === type && each.status === "True");
  if (isTrue("Ready") || phase === "Succeeded") return [];
  const containers = [...initContainerStatuses, ...containerStatuses].map(containerReason).filter((text) => text);
  const scheduling = conditions.find(({ type, status }) => type === "PodScheduled" && status === "False");
  const unscheduled = scheduling ? [`not scheduled: ${scheduling.message ?? scheduling.reason ?? ""}`] : [];
  const found = [...unscheduled, ...containers];
  const reasons = found.length > 0 ? found : [`it is ${phase ?? "unknown"} and not ready`];
  return reasons.map((reason) => `pod '${pod.metadata.name}': ${reason}`);
}

async function list<T>(client: KubernetesClient, path: string, labelSelector?: string): Promise<T[]> {
  // Not being allowed to look is no reason to hide what is known already.
  const found = await client.find<{ items: T[] }>(path, { labelSelector }).catch(() => undefined);
  return found?.items ?? [];
}

/** Lines for a message, the most telling first. */
export async function reasonsFor(object: KubeObject, client: KubernetesClient): Promise<string[]> {
  const { namespace, name } = object.metadata;
  if (!namespace) return [];
  const labels = selector(object);
  const pods = labels ? await list<KubeObject>(client, `/api/v1/namespaces/${namespace}/pods`, labels) : [];
  const reasons = pods.flatMap(podReasons);
  const names = new Set([name, ...pods.map((pod) => pod.metadata.name)]);
  const events = await list<Event>(client, `/api/v1/namespaces/${namespace}/events`);
  const warnings = events
    .filter(({ type, involvedObject }) => type === "Warning" && isAbout(involvedObject?.name ?? "", names, name))
    .map(
      ({ reason, message, involvedObject }) =>
        `${involvedObject?.kind} '${involvedObject?.name}': ${reason}: ${message}`,
    );
  return [...reasons.slice(0, MOST_PODS), ...[...new Set(warnings)].slice(-MOST_EVENTS)];
}

/** Events of a workload's replica sets, whose names begin with its own, tell why there are no pods. */
function isAbout(subject: string, names: ReadonlySet<string>, name: string): boolean {
  return names.has(subject) || subject.startsWith(`${name}-`);
}
