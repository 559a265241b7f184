import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import { images } from "../../components/images";
import type { Outcome } from "./client";
import type { ClusterApi } from "./kubernetes-api";
import type { Target } from "./kubernetes-exec";
import { labelled, podsIn, PROGRAM_LABEL, STACK_LABEL, type Pod, type PodSecurity } from "./kubernetes-objects";
import { troubleOf } from "./kubernetes-state";

/** A pod for one task, beside those of a stack. */
export interface HelperOptions {
  /** Name of the stack, whose label it carries: the next deploy removes one that was left behind. */
  readonly stack: string;
  readonly namespace: string;
  readonly script: string;
  /** A claim of the namespace, mounted at `/data`. */
  readonly claim?: string;
  readonly readOnly?: boolean;
  /** Whom it runs as. Default: a user that owns nothing. */
  readonly runsAs?: PodSecurity;
  /** The node that it must be on: a volume that one node has can not be mounted on another. */
  readonly node?: string;
  /** Milliseconds after which to give up. Default: two minutes for its start, and hours for its script. */
  readonly patience?: number;
}

/** Name of the verbs among the stack's programs. */
const OPERATOR = "operator";

const NOBODY = 65_534;

/** How long a helper may take to start: its image is small, but a volume may have to come from another node first. */
const START_MS = 120_000;
const POLL_MS = 300;
/** A helper whose verb was killed ends by itself after so many seconds; no volume takes longer to copy. */
const LIFE_SECONDS = 6 * 3_600;

/** The labels by which helpers are found. */
export function helperLabels(stack: string): Record<string, string> {
  return { [STACK_LABEL]: stack, [PROGRAM_LABEL]: OPERATOR };
}

/** Starts a helper, hands it to `use`, and removes it. */
export async function withHelper<T>(
  api: ClusterApi,
  options: HelperOptions,
  use: (target: Target) => Promise<T>,
): Promise<T> {
  const pod = helperPod(options);
  const { name } = pod.metadata;
  await api.create(podsIn(options.namespace), pod);
  try {
    return await use({ namespace: options.namespace, pod: name, container: OPERATOR });
  } finally {
    await api.remove(`${podsIn(options.namespace, name)}?gracePeriodSeconds=0`);
  }
}

/** Runs a helper's script to its end. */
export function runHelper(api: ClusterApi, options: HelperOptions): Promise<Outcome> {
  return withHelper(api, options, async (target) => {
    await reaches(api, target, ["Running", "Succeeded", "Failed"], options.patience);
    const { status } = await reaches(api, target, ["Succeeded", "Failed"], options.patience ?? LIFE_SECONDS * 1_000);
    const output = await api.stream(`${podsIn(target.namespace, target.pod)}/log`);
    const chunks: Buffer[] = [];
    for await (const chunk of output) chunks.push(chunk as Buffer);
    return { succeeded: status?.phase === "Succeeded", output: Buffer.concat(chunks).toString("utf8") };
  });
}

/** A helper that waits for commands. */
export function withWaitingHelper<T>(
  api: ClusterApi,
  options: Omit<HelperOptions, "script">,
  use: (target: Target) => Promise<T>,
): Promise<T> {
  return withHelper(api, { ...options, script: `sleep ${LIFE_SECONDS}` }, async (target) => {
    await reaches(api, target, ["Running"]);
    return use(target);
  });
}

/** Removes helpers that a verb which was killed has left. */
export async function removeHelpers(api: ClusterApi, stack: string, namespaces: readonly string[]): Promise<void> {
  for (const namespace of namespaces) {
    const left = await api.list<Pod>(`${podsIn(namespace)}?${labelled(helperLabels(stack))}`);
    for (const { metadata } of left) await api.remove(`${podsIn(namespace, metadata.name)}?gracePeriodSeconds=0`);
  }
}

type Phase = NonNullable<NonNullable<Pod["status"]>["phase"]>;

async function reaches(
  api: ClusterApi,
  { namespace, pod }: Target,
  phases: readonly Phase[],
  patience = START_MS,
): Promise<Pod> {
  const end = Date.now() + patience;
  for (;;) {
    const found = await api.get<Pod>(podsIn(namespace, pod));
    const phase = found.status?.phase;
    if (phase !== undefined && phases.includes(phase)) return found;
    const reason = troubleOf(found)
      .map(({ text }) => text)
      .join("; ");
    const isOver = phase === "Failed" || phase === "Succeeded";
    if (isOver || Date.now() > end) {
      throw new Error(`the helper pod in ${namespace} is ${phase ?? "nowhere"}: ${reason || "no reason known"}`);
    }
    await sleep(POLL_MS);
  }
}

/** A pod that the restricted standard lets in anywhere. */
export function helperPod({ stack, namespace, script, claim, readOnly = false, runsAs = {}, node }: HelperOptions) {
  const { runAsUser = NOBODY, runAsGroup = NOBODY, fsGroup } = runsAs;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `monitoring-operator-${randomBytes(4).toString("hex")}`,
      namespace,
      labels: helperLabels(stack),
    },
    spec: {
      restartPolicy: "Never",
      activeDeadlineSeconds: LIFE_SECONDS,
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      ...(node === undefined ? {} : { nodeName: node }),
      securityContext: {
        runAsNonRoot: true,
        runAsUser,
        runAsGroup,
        ...(fsGroup === undefined ? {} : { fsGroup, fsGroupChangePolicy: "OnRootMismatch" }),
        seccompProfile: { type: "RuntimeDefault" },
      },
      containers: [
        {
          name: OPERATOR,
          image: images.busybox.reference,
          command: ["sh", "-c", script],
          resources: { limits: { memory: "128Mi", cpu: "1" }, requests: { memory: "128Mi", cpu: "50m" } },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
          ...(claim === undefined ? {} : { volumeMounts: [{ name: "data", mountPath: "/data", readOnly }] }),
        },
      ],
      ...(claim === undefined ? {} : { volumes: [{ name: "data", persistentVolumeClaim: { claimName: claim } }] }),
    },
  };
}
