import * as pulumi from "@pulumi/pulumi";

import type { Problem } from "../settings/problems";
import type { Settings } from "../settings/settings";
import { bytesIn, formatBytes } from "../units";
import { ClusterError, connect, type Connection } from "./kubernetes-connection";
import { isJob, replicasOf, targetOf } from "./kubernetes-names";
import { claimNames } from "./kubernetes-volumes";
import type { Workload } from "./workload";

interface List<Item> {
  readonly items: readonly Item[];
}

interface Node {
  readonly metadata: { readonly name: string };
  readonly spec?: {
    readonly unschedulable?: boolean;
    readonly taints?: readonly { readonly effect: string }[];
  };
  readonly status?: {
    readonly allocatable?: { readonly memory?: string };
    readonly nodeInfo?: { readonly containerRuntimeVersion?: string };
  };
}

interface StorageClass {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
}

interface Claim {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly resources?: { readonly requests?: { readonly storage?: string } } };
}

/** What is wrong, and what will only be a nuisance. */
interface Findings {
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

const NONE: Findings = { problems: [], warnings: [] };

/**
 * Asks the cluster, before anything is created, whether the stack can run on it. What the user may not ask is left out with a
 * warning.
 *
 * @throws pulumi.RunError that lists every problem, with what to change.
 */
export async function checkCluster(
  settings: Settings,
  workloads: readonly Workload[],
  warn: (message: string) => void = (message) => void pulumi.log.warn(message),
): Promise<void> {
  const { problems, warnings } = await findings(settings, workloads);
  for (const warning of warnings) warn(warning);
  if (problems.length === 0) return;
  const lines = problems.map(({ key, got, expected, fix }) => `  ${key}: got ${got}; expected ${expected}. ${fix}`);
  throw new pulumi.RunError(["the stack can not run on this cluster:", ...lines].join("\n"));
}

async function findings(settings: Settings, workloads: readonly Workload[]): Promise<Findings> {
  const { cluster } = targetOf(settings);
  try {
    const connection = await connect(cluster);
    if (connection === undefined) {
      return {
        ...NONE,
        warnings: ["the cluster was not checked, since it is reached without a kubeconfig or by a proxy"],
      };
    }
    return await ask(connection, settings, workloads);
  } catch (error) {
    if (error instanceof ClusterError) return { ...NONE, problems: [error.problem] };
    throw error;
  }
}

async function ask(connection: Connection, settings: Settings, workloads: readonly Workload[]): Promise<Findings> {
  const { cluster } = targetOf(settings);
  const claiming = workloads.filter(claims);
  const [nodes, classes, existing] = await Promise.all([
    connection.get<List<Node>>("/api/v1/nodes?limit=500"),
    connection.get<List<StorageClass>>("/apis/storage.k8s.io/v1/storageclasses"),
    connection.get<List<Claim>>(`/api/v1/namespaces/${cluster.namespace}/persistentvolumeclaims`),
  ]);
  const parts = [
    nodes ? checkNodes(nodes.items, workloads) : unasked("nodes", "whether its nodes are enough"),
    checkRuntimes(nodes?.items ?? []),
    classes
      ? checkStorage(classes.items, cluster.storageClass, claiming)
      : unasked("storageclasses", "whether it has the storage"),
    classes ? checkShared(classes.items, claiming) : NONE,
    checkClaims(existing?.items ?? [], cluster.namespace, claiming),
    checkClustered(existing?.items ?? [], claiming),
  ];
  return {
    problems: parts.flatMap(({ problems }) => problems),
    warnings: parts.flatMap(({ warnings }) => warnings),
  };
}

function unasked(what: string, unknown: string): Findings {
  return { ...NONE, warnings: [`the cluster's user may not list ${what}, so ${unknown} was not checked`] };
}

function claims(workload: Workload): boolean {
  return (workload.data ?? []).length > 0 && workload.placement.kind !== "every-node" && !isJob(workload);
}

function checkNodes(nodes: readonly Node[], workloads: readonly Workload[]): Findings {
  const open = nodes.filter(isSchedulable);
  // A cluster that adds nodes when pods wait for them may have none now.
  if (open.length === 0) return { ...NONE, warnings: ["no node of the cluster takes pods; all programs wait for one"] };
  const largest = Math.max(...open.map(({ status }) => bytesOf(status?.allocatable?.memory)));
  const tooLarge = workloads.filter(({ resources }) => resources.memory > largest);
  return {
    problems: workloads.flatMap((workload) => tooMany(workload, open.length)),
    warnings: tooLarge.map(
      ({ name, resources }) =>
        `${name} asks for ${formatBytes(resources.memory)} of memory, and the largest node has ${formatBytes(largest)}: it ` +
        `will wait for a larger one. Lower it with: pulumi config set --path 'resources.${name}.memory' <size>`,
    ),
  };
}

function isSchedulable({ spec = {} }: Node): boolean {
  const closed = spec.taints?.some(({ effect }) => effect === "NoSchedule" || effect === "NoExecute") ?? false;
  return !closed && spec.unschedulable !== true;
}

/** With Docker the files of pods' logs are links into a folder of its own, which programs that read logs do not see. */
function checkRuntimes(nodes: readonly Node[]): Findings {
  const named = nodes.flatMap(({ metadata, status }) =>
    status?.nodeInfo?.containerRuntimeVersion?.startsWith("docker:") ? [metadata.name] : [],
  );
  if (named.length === 0) return NONE;
  const shown = [...named.slice(0, 3), ...(named.length > 3 ? [`${named.length - 3} more`] : [])].join(", ");
  return {
    ...NONE,
    warnings: [
      `Docker runs the containers of ${named.length} of ${nodes.length} nodes (${shown}), so what their pods write to their ` +
        "output is not kept. Let containerd or CRI-O run them, or have services send their lines as OTLP",
    ],
  };
}

function tooMany({ name, placement }: Workload, nodes: number): Problem[] {
  if (placement.kind !== "replicated" || placement.spread !== "required" || placement.replicas <= nodes) return [];
  return [
    {
      key: `replicas.${name}`,
      got: `${placement.replicas}, with spread required`,
      expected: `at most ${nodes}, the number of nodes that take pods`,
      fix: `Change it with: pulumi config set --path 'replicas.${name}' ${nodes}   or: pulumi config set spread preferred`,
    },
  ];
}

const DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class";

function checkStorage(
  classes: readonly StorageClass[],
  wanted: string | undefined,
  claiming: readonly Workload[],
): Findings {
  const names = classes.map(({ metadata }) => metadata.name);
  const fits =
    wanted === undefined
      ? classes.some(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === "true")
      : names.includes(wanted);
  if (fits || claiming.length === 0) return NONE;
  const problem = {
    key: "storageClass",
    got: wanted ?? "nothing, and the cluster has no default one",
    expected: names.length > 0 ? `one of: ${names.join(", ")}` : "a storage class, and the cluster has none",
    fix:
      names.length > 0
        ? "Choose one with: pulumi config set storageClass <name>"
        : `Install one; it is needed by: ${claiming.map(({ name }) => name).join(", ")}`,
  };
  return { ...NONE, problems: [problem] };
}

/** The classes of volumes that copies share; that theirs let several machines write, no cluster tells. */
function checkShared(classes: readonly StorageClass[], claiming: readonly Workload[]): Findings {
  const names = classes.map(({ metadata }) => metadata.name);
  const wanted = claiming.flatMap(({ data = [] }) => data.flatMap(({ shared }) => shared?.storageClass ?? []));
  const problems = wanted
    .filter((name) => !names.includes(name))
    .map((name) => ({
      key: "elasticsearchSnapshots.storageClass",
      got: name,
      expected: `one of: ${names.join(", ")}, whose volumes several machines write to`,
      fix: "Change it with: pulumi config set --path elasticsearchSnapshots.storageClass <name>",
    }));
  return { ...NONE, problems };
}

/** A claim that exists keeps its size, whatever the settings say later. */
function checkClaims(existing: readonly Claim[], namespace: string, claiming: readonly Workload[]): Findings {
  const sizes = new Map(
    existing.map(({ metadata, spec }) => [metadata.name, bytesOf(spec.resources?.requests?.storage)]),
  );
  const warnings = claiming.flatMap((workload) =>
    (workload.data ?? []).flatMap((volume) =>
      claimNames(workload, volume).flatMap((claim) => {
        const size = sizes.get(claim);
        if (size === undefined || size >= volume.size) return [];
        const patch = JSON.stringify({ spec: { resources: { requests: { storage: formatBytes(volume.size) } } } });
        return [
          `the volume of ${workload.name} keeps its ${formatBytes(size)}, and the settings say ${formatBytes(volume.size)}. ` +
            `Enlarge it with: kubectl -n ${namespace} patch pvc ${claim} -p '${patch}'`,
        ];
      }),
    ),
  );
  return { ...NONE, warnings };
}

/** A cluster that was formed by one copy is never joined by others, and one of several never goes on with one. */
function checkClustered(existing: readonly Claim[], claiming: readonly Workload[]): Findings {
  const problems = claiming.flatMap((workload) =>
    (workload.data ?? []).flatMap((volume): Problem[] => {
      const start = `${volume.name}-${workload.name}-`;
      const formed = existing.filter(({ metadata: { name } }) => /^\d+$/.test(removeStart(name, start))).length;
      const wanted = replicasOf(workload);
      if (!volume.clustered || formed === 0 || (formed === 1) === (wanted === 1)) return [];
      const key = `replicas.${workload.name}`;
      return [
        {
          key,
          got: `${wanted}, and the namespace has the data of ${formed === 1 ? "one that ran alone" : `a cluster of ${formed}`}`,
          expected:
            formed === 1
              ? "1, since others would form a second, empty cluster"
              : "3 and more, since one can not go on alone",
          fix:
            `Go back with: pulumi config set --path '${key}' ${formed}   or bring up a new stack, with another name, and restore a ` +
            `backup of this one into it`,
        },
      ];
    }),
  );
  return { ...NONE, problems };
}

/** What follows the start of a name; nothing where it starts otherwise. */
function removeStart(name: string, start: string): string {
  return name.startsWith(start) ? name.slice(start.length) : "";
}

/** Bytes of a quantity as a cluster writes it; none where it has another form. */
function bytesOf(quantity = ""): number {
  return bytesIn(quantity) || Number(quantity) || 0;
}
