import type { core } from "@pulumi/kubernetes/types/input";

import { formatBytes } from "../units";
import { isJob, labelsOf, replicasOf, selectorOf, type Target } from "./kubernetes-names";
import { volumesOf, type FileSource } from "./kubernetes-volumes";
import type { PlaceFact, Privilege, Resources, Workload } from "./workload";

/**
 * Share of a CPU limit that is set aside. A program may use up to its limit while the machine has time to spare; if all of it
 * were set aside a cluster would have to be five times as large as the stack's load.
 */
const CPU_SHARE = 0.2;

/** Seconds to end in, for a store that still has to write what it holds in memory. */
const STOP_GRACE = 60;

/** Seconds between looks at a program that starts. */
const STARTUP_PERIOD = 5;

const PLACE_FACTS: Readonly<Record<PlaceFact, string>> = {
  "node-name": "spec.nodeName",
  "replica-name": "metadata.name",
  "replica-address": "status.podIP",
};

/** The pods of a program. */
export function podTemplate(target: Target, workload: Workload, files: readonly FileSource[]): core.v1.PodTemplateSpec {
  const { volumes, mounts } = volumesOf(target, workload, files);
  const { name, placement, privileges = [], clusterAccess = [] } = workload;
  return {
    metadata: { labels: labelsOf(target, name) },
    spec: {
      // Variables for every service of the namespace could be taken for the program's own settings.
      enableServiceLinks: false,
      automountServiceAccountToken: clusterAccess.length > 0,
      ...(clusterAccess.length > 0 ? { serviceAccountName: name } : {}),
      securityContext: podSecurity(workload),
      terminationGracePeriodSeconds: STOP_GRACE,
      ...(isJob(workload) ? { restartPolicy: "Never" } : {}),
      ...(privileges.some(({ kind }) => kind === "host-processes") ? { hostPID: true } : {}),
      // Wherever the images can run.
      ...(placement.kind === "every-node"
        ? { nodeSelector: { "kubernetes.io/os": "linux" }, tolerations: [{ operator: "Exists" }] }
        : {}),
      ...(replicasOf(workload) > 1 ? { topologySpreadConstraints: spread(target, workload) } : {}),
      containers: [container(workload, mounts)],
      ...(volumes.length > 0 ? { volumes } : {}),
    },
  };
}

function container(workload: Workload, mounts: core.v1.VolumeMount[]): core.v1.Container {
  const { name, image, args, ports, resources, privileges = [] } = workload;
  const env = environment(workload);
  return {
    name,
    image: image.reference,
    ...(args ? { args: args.map(literal) } : {}),
    ...(env.length > 0 ? { env } : {}),
    ...(ports.length > 0
      ? { ports: ports.map((port) => ({ name: port.name, containerPort: port.number, protocol: "TCP" })) }
      : {}),
    resources: amounts(resources),
    ...(isJob(workload) ? {} : probes(workload)),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"], ...added(privileges) },
    },
    ...(mounts.length > 0 ? { volumeMounts: mounts } : {}),
  };
}

/** A dollar sign begins a reference to a variable here, which the contract does not have; two stand for one. */
function literal(text: string): string {
  return text.replaceAll("$", "$$$$");
}

function environment({ env = {}, placeEnv = {} }: Workload): core.v1.EnvVar[] {
  const byName = (a: readonly [string, unknown], b: readonly [string, unknown]) => (a[0] < b[0] ? -1 : 1);
  return [
    ...Object.entries(placeEnv)
      .sort(byName)
      .map(([name, fact]) => ({ name, valueFrom: { fieldRef: { fieldPath: PLACE_FACTS[fact] } } })),
    ...Object.entries(env)
      .sort(byName)
      .map(([name, value]) => ({ name, value: literal(value) })),
  ];
}

/**
 * All of the memory is set aside, so that no neighbour's use of it ends the program. In the form that the server gives back, or
 * every preview would show a change.
 */
function amounts({ memory, cpu }: Resources): core.v1.ResourceRequirements {
  const size = formatBytes(Math.round(memory));
  return { limits: { memory: size, cpu: cores(cpu) }, requests: { memory: size, cpu: cores(cpu * CPU_SHARE) } };
}

function cores(count: number): string {
  const milli = Math.max(1, Math.round(count * 1000));
  return milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`;
}

/**
 * The workload's `check` is for platforms that can only run a command in the container; a cluster asks the port itself. What
 * is not ready gets no traffic; only a port that does not open ends the program, since a restart cures nothing else: a store
 * that still reads back what it had written opens its port at once, says for a long time that it is not ready, and would begin
 * anew at each restart.
 */
function probes({ health: { path, port, alive, startupSeconds } }: Workload) {
  const lives = { tcpSocket: { port: alive ?? port } };
  const answers = path === undefined ? { tcpSocket: { port } } : { httpGet: { path, port } };
  return {
    startupProbe: {
      ...lives,
      periodSeconds: STARTUP_PERIOD,
      timeoutSeconds: 5,
      failureThreshold: Math.max(1, Math.ceil(startupSeconds / STARTUP_PERIOD)),
    },
    readinessProbe: { ...answers, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
    livenessProbe: { ...lives, periodSeconds: 20, timeoutSeconds: 5, failureThreshold: 6 },
  };
}

/** The group of the program owns its volumes, so that a program that is not root reads its secrets and writes its data. */
function podSecurity({ runsAs: { uid, gid } }: Workload): core.v1.PodSecurityContext {
  return {
    ...(uid === 0 ? {} : { runAsNonRoot: true }),
    runAsUser: uid,
    runAsGroup: gid,
    fsGroup: gid,
    fsGroupChangePolicy: "OnRootMismatch",
    seccompProfile: { type: "RuntimeDefault" },
  };
}

function added(privileges: readonly Privilege[]) {
  const add = privileges.flatMap((privilege) => (privilege.kind === "capability" ? [privilege.name] : []));
  return add.length > 0 ? { add } : {};
}

/**
 * Where copies may not share a machine, `minDomains` counts the machines that are missing as empty ones, so that none gets a
 * second copy. Copies of an earlier revision do not count, or an update of as many copies as machines could not begin.
 */
function spread(target: Target, { name, placement, data = [] }: Workload): core.v1.TopologySpreadConstraint[] {
  const required = placement.kind === "replicated" && placement.spread === "required";
  const shared = { maxSkew: 1, labelSelector: { matchLabels: selectorOf(target, name) } };
  return [
    {
      ...shared,
      topologyKey: "kubernetes.io/hostname",
      ...(required
        ? {
            whenUnsatisfiable: "DoNotSchedule",
            minDomains: placement.replicas,
            ...(data.length > 0 ? {} : { matchLabelKeys: ["pod-template-hash"] }),
          }
        : { whenUnsatisfiable: "ScheduleAnyway" }),
    },
    { ...shared, topologyKey: "topology.kubernetes.io/zone", whenUnsatisfiable: "ScheduleAnyway" },
  ];
}
