import type { ProgramOutput } from "../../components/stack-outputs";

/** The parts of the API's objects that the verbs look at. */
export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly resourceVersion?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly managedFields?: readonly { readonly manager?: string }[];
}

export interface Named {
  readonly metadata: Metadata;
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

interface Terminated {
  readonly exitCode: number;
  readonly reason?: string;
}

/** What runs the copies of a program. */
export interface Runner extends Named {
  readonly spec: {
    readonly replicas?: number;
    readonly template?: { readonly spec: { readonly securityContext?: PodSecurity } };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly desiredNumberScheduled?: number;
    readonly conditions?: readonly Condition[];
    readonly active?: number | readonly unknown[];
  };
}

export interface PodSecurity {
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly fsGroup?: number;
}

export interface Pod extends Named {
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: readonly {
      readonly name: string;
      readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
    }[];
    readonly volumes?: readonly {
      readonly name: string;
      readonly persistentVolumeClaim?: { readonly claimName: string };
    }[];
  };
  readonly status?: {
    readonly phase?: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly ready: boolean;
      readonly state?: {
        readonly running?: object;
        readonly waiting?: { readonly reason?: string; readonly message?: string };
        readonly terminated?: Terminated;
      };
      readonly lastState?: { readonly terminated?: Terminated };
    }[];
  };
}

export interface Claim extends Named {
  readonly spec: { readonly resources?: { readonly requests?: { readonly storage?: string } } };
}

/** Kinds that run programs, with the part of the API's paths that leads to them. */
const PATHS = {
  deployment: { api: "/apis/apps/v1", plural: "deployments" },
  statefulset: { api: "/apis/apps/v1", plural: "statefulsets" },
  daemonset: { api: "/apis/apps/v1", plural: "daemonsets" },
  job: { api: "/apis/batch/v1", plural: "jobs" },
  cronjob: { api: "/apis/batch/v1", plural: "cronjobs" },
} as const;

export type RunnerKind = keyof typeof PATHS;
export const RUNNER_KINDS = Object.keys(PATHS) as RunnerKind[];

/** A program's object, as its handle names it. */
export interface Place {
  readonly namespace: string;
  readonly kind: RunnerKind;
  readonly name: string;
  /** Where the API has the object. */
  readonly path: string;
}

/** @throws Error when the handle is none of a program on a cluster. */
export function placeOf({ handle }: Pick<ProgramOutput, "handle">): Place {
  const [namespace = "", kind = "", name = ""] = handle.split("/");
  if (!(kind in PATHS)) throw new Error(`${handle} is no program on a cluster`);
  return { namespace, kind: kind as RunnerKind, name, path: `${runnersIn(namespace, kind as RunnerKind)}/${name}` };
}

/** Where the API lists the objects of a kind. */
export function runnersIn(namespace: string, kind: RunnerKind): string {
  const { api, plural } = PATHS[kind];
  return `${api}/namespaces/${namespace}/${plural}`;
}

export function podsIn(namespace: string, pod?: string): string {
  return `/api/v1/namespaces/${namespace}/pods${pod === undefined ? "" : `/${pod}`}`;
}

/** The query for objects that carry labels. */
export function labelled(labels: Readonly<Record<string, string>>): string {
  const terms = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return `labelSelector=${encodeURIComponent(terms.join(","))}`;
}

export const STACK_LABEL = "app.kubernetes.io/instance";
export const PROGRAM_LABEL = "app.kubernetes.io/name";

/** Whether every container of a pod is ready, and it is not on its way out. */
export function isReady({ metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  return status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") ?? false;
}

const SUFFIXES: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** A quantity as the API writes it: `1536Mi`, `1e9`, `128974848000m`; nothing for anything else. */
export function quantity(text: string): number | undefined {
  const [, number = "", suffix = ""] = /^(\d+(?:\.\d+)?(?:[eE]\d+)?)(\w*)$/.exec(text) ?? [];
  const factor = suffix === "" ? 1 : SUFFIXES[suffix];
  return number === "" || factor === undefined ? undefined : Number(number) * factor;
}
