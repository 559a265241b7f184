/**
 * When an object counts as ready: what the vendor's plugin waits for, kind by kind. Kinds that are missing here are
 * ready as soon as they exist.
 */
import type { KubeObject, KubernetesClient } from "./client";
import { apiPath, KINDS } from "./kinds";

export interface Readiness {
  readonly ready: boolean;
  /** What is still missing, for the user to read. */
  readonly waitingFor: string;
  /** It will not become ready any more. */
  readonly failed?: boolean;
}

type Check = (object: KubeObject, client: KubernetesClient) => Readiness | Promise<Readiness>;

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

interface Counts {
  readonly observedGeneration?: number;
  readonly replicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly updatedReplicas?: number;
  readonly currentReplicas?: number;
  readonly currentRevision?: string;
  readonly updateRevision?: string;
  readonly desiredNumberScheduled?: number;
  readonly updatedNumberScheduled?: number;
  readonly numberAvailable?: number;
  readonly numberReady?: number;
  readonly phase?: string;
  readonly conditions?: readonly Condition[];
  readonly loadBalancer?: { readonly ingress?: readonly unknown[] };
}

const READY: Readiness = { ready: true, waitingFor: "" };

function waiting(waitingFor: string): Readiness {
  return { ready: false, waitingFor };
}

function status(object: KubeObject): Counts {
  return (object["status"] ?? {}) as Counts;
}

function spec<T>(object: KubeObject): T {
  return (object["spec"] ?? {}) as T;
}

/** The controller has not looked at the latest change yet. */
function isUnobserved(object: KubeObject): boolean {
  return (status(object).observedGeneration ?? 0) < (object.metadata.generation ?? 0);
}

const NOT_SEEN = waiting("its controller has not seen the change yet");

function condition(object: KubeObject, type: string): Condition | undefined {
  return status(object).conditions?.find((candidate) => candidate.type === type);
}

const deployment: Check = (object) => {
  if (isUnobserved(object)) return NOT_SEEN;
  const { replicas = 1 } = spec<{ replicas?: number }>(object);
  const { updatedReplicas = 0, availableReplicas = 0, replicas: existing = 0 } = status(object);
  const progressing = condition(object, "Progressing");
  const available = condition(object, "Available");
  if (progressing?.status === "False") return waiting(`${progressing.reason}: ${progressing.message}`);
  const rolledOut = progressing === undefined || progressing.reason === "NewReplicaSetAvailable";
  if (rolledOut && available?.status === "True" && updatedReplicas >= replicas) return READY;
  if (existing > updatedReplicas) return waiting(`${updatedReplicas} of ${replicas} pods are updated`);
  return waiting(`${availableReplicas} of ${replicas} pods are available`);
};

const statefulSet: Check = (object) => {
  if (isUnobserved(object)) return NOT_SEEN;
  const { replicas = 1, updateStrategy } = spec<{ replicas?: number; updateStrategy?: { type?: string } }>(object);
  const counts = status(object);
  const { readyReplicas = 0, updatedReplicas = 0 } = counts;
  if ((counts.replicas ?? 0) !== replicas || readyReplicas !== replicas) {
    return waiting(`${readyReplicas} of ${replicas} pods are ready`);
  }
  // With this strategy pods are updated when someone deletes them.
  if (updateStrategy?.type === "OnDelete") return READY;
  const isCurrent = counts.currentRevision === counts.updateRevision && (counts.currentReplicas ?? 0) === replicas;
  return isCurrent ? READY : waiting(`${updatedReplicas} of ${replicas} pods are updated`);
};

const daemonSet: Check = (object) => {
  if (isUnobserved(object)) return NOT_SEEN;
  const { updateStrategy } = spec<{ updateStrategy?: { type?: string } }>(object);
  const {
    desiredNumberScheduled = 0,
    updatedNumberScheduled = 0,
    numberAvailable = 0,
    numberReady = 0,
  } = status(object);
  if (updateStrategy?.type !== "OnDelete" && updatedNumberScheduled < desiredNumberScheduled) {
    return waiting(`${updatedNumberScheduled} of ${desiredNumberScheduled} pods are updated`);
  }
  if (numberAvailable >= desiredNumberScheduled && numberReady >= desiredNumberScheduled) return READY;
  return waiting(`${numberReady} of ${desiredNumberScheduled} pods are ready`);
};

const job: Check = (object) => {
  const failed = condition(object, "Failed");
  if (failed?.status === "True") {
    return { ready: false, failed: true, waitingFor: `the job failed: ${failed.reason}: ${failed.message}` };
  }
  return condition(object, "Complete")?.status === "True" ? READY : waiting("the job has not completed");
};

interface EndpointSlice extends KubeObject {
  readonly endpoints?: readonly { readonly conditions?: { readonly ready?: boolean } }[] | null;
}

const service: Check = async (object, client) => {
  const { type, clusterIP } = spec<{ type?: string; clusterIP?: string }>(object);
  if (type === "LoadBalancer" && !status(object).loadBalancer?.ingress?.length) {
    return waiting("no address was allocated; does this cluster have load balancers?");
  }
  if (type === "ExternalName" || clusterIP === "None") return READY;
  const { name, namespace = "" } = object.metadata;
  const slices = await client.call<{ items: EndpointSlice[] }>(
    "GET",
    `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
    { query: { labelSelector: `kubernetes.io/service-name=${name}` } },
  );
  const hasEndpoint = slices.items.some(({ endpoints }) => endpoints?.some(({ conditions }) => conditions?.ready));
  if (hasEndpoint) return READY;
  return waiting("no pod is behind it: '.spec.selector' may match none, or those that it matches are not ready");
};

const claim: Check = async (object, client) => {
  const { phase } = status(object);
  if (phase === "Bound") return READY;
  const { storageClassName } = spec<{ storageClassName?: string }>(object);
  if (!storageClassName) return waiting("it names no storage class, and the cluster has no default one");
  const path = `/apis/storage.k8s.io/v1/storageclasses/${storageClassName}`;
  const found = await client.find<KubeObject>(path);
  if (!found) return waiting(`the storage class '${storageClassName}' does not exist`);
  if (phase === "Pending" && found["volumeBindingMode"] === "WaitForFirstConsumer") return READY;
  return waiting("no volume is bound");
};

interface IngressRule {
  readonly http?: {
    readonly paths?: readonly { readonly backend?: { readonly service?: { readonly name?: string } } }[];
  };
}

const ingress: Check = async (object, client) => {
  const names = (spec<{ rules?: IngressRule[] }>(object).rules ?? [])
    .flatMap(({ http }) => http?.paths ?? [])
    .map(({ backend }) => backend?.service?.name)
    .filter((name) => name !== undefined);
  const kind = KINDS.find((candidate) => candidate.kind === "Service");
  for (const name of new Set(names)) {
    if (kind && !(await client.find(apiPath(kind, object.metadata.namespace, name)))) {
      return waiting(`the service '${name}' of one of its paths does not exist`);
    }
  }
  if (status(object).loadBalancer?.ingress?.length) return READY;
  return waiting("no controller gave it an address ('.status.loadBalancer'); is there one for its ingress class?");
};

const secret: Check = (object) => {
  const isToken = object["type"] === "kubernetes.io/service-account-token";
  return !isToken || object["data"] ? READY : waiting("the token is not there");
};

interface Waited {
  readonly check: Check;
  /** Seconds, unless the program gives a time. */
  readonly timeout: number;
}

/** By kind. */
export const WAITED: Readonly<Record<string, Waited>> = {
  Deployment: { check: deployment, timeout: 600 },
  StatefulSet: { check: statefulSet, timeout: 600 },
  DaemonSet: { check: daemonSet, timeout: 600 },
  Job: { check: job, timeout: 600 },
  Service: { check: service, timeout: 600 },
  Ingress: { check: ingress, timeout: 600 },
  PersistentVolumeClaim: { check: claim, timeout: 300 },
  Secret: { check: secret, timeout: 5 },
};
