import type { core } from "@pulumi/kubernetes/types/input";
import type { Input } from "@pulumi/pulumi";

import { formatBytes } from "../units";
import { labelsOf, NOT_AWAITED, replicasOf, type Target } from "./kubernetes-names";
import { fileKey } from "./kubernetes-refusals";
import type { KeptData } from "./platform";
import type { ConfigFile, DataVolume, Workload } from "./workload";

/** An object that holds configuration files, by the name that the engine gave it. */
export interface FileSource {
  readonly kind: "configMap" | "secret";
  readonly name: Input<string>;
  readonly files: readonly ConfigFile[];
}

interface Volumes {
  readonly volumes: core.v1.Volume[];
  readonly mounts: core.v1.VolumeMount[];
}

/** Read by the program's user and its group; written by no one. */
const READABLE = 0o440;

/** Everything that is mounted into a program, with what the pod itself provides of it. Claims come from elsewhere. */
export function volumesOf(target: Target, workload: Workload, sources: readonly FileSource[]): Volumes {
  const parts = [
    fileVolume(workload, sources),
    dataVolumes(target, workload),
    scratchVolumes(workload),
    hostVolumes(workload),
  ];
  return { volumes: parts.flatMap(({ volumes }) => volumes), mounts: parts.flatMap(({ mounts }) => mounts) };
}

/** Content of an object that holds files. */
export function fileData(files: readonly ConfigFile[]): Record<string, Input<string>> {
  return Object.fromEntries(files.map(({ path, content }) => [fileKey(path), content]));
}

function fileVolume({ files }: Workload, sources: readonly FileSource[]): Volumes {
  if (files === undefined || sources.length === 0) return { volumes: [], mounts: [] };
  const projected = {
    defaultMode: READABLE,
    sources: sources.map(({ kind, name, files: held }) => ({
      [kind]: { name, items: held.map(({ path }) => ({ key: fileKey(path), path })) },
    })),
  };
  return {
    volumes: [{ name: "files", projected }],
    mounts: [{ name: "files", mountPath: files.directory, readOnly: true }],
  };
}

function dataVolumes(target: Target, { data = [], placement }: Workload): Volumes {
  const onNode = placement.kind === "every-node";
  return {
    volumes: onNode
      ? data.map(({ name }) => ({ name, hostPath: { path: nodePath(target, name), type: "DirectoryOrCreate" } }))
      : data.filter(({ shared }) => shared).map(({ name }) => ({ name, persistentVolumeClaim: { claimName: name } })),
    mounts: data.map(({ name, path }) => ({ name, mountPath: path })),
  };
}

function nodePath({ settings }: Target, name: string): string {
  return `/var/lib/${settings.name}/${name}`;
}

/** On the node's disk and not in its memory, which would count toward the program's own limit. */
function scratchVolumes({ scratch = [] }: Workload): Volumes {
  return {
    volumes: scratch.map(({ size }, index) => ({
      name: `scratch-${index}`,
      emptyDir: { sizeLimit: formatBytes(Math.round(size)) },
    })),
    mounts: scratch.map(({ path }, index) => ({ name: `scratch-${index}`, mountPath: path })),
  };
}

/** What is mounted on the machine later is seen as well. */
function hostVolumes({ privileges = [] }: Workload): Volumes {
  const paths = privileges.flatMap((privilege) => (privilege.kind === "host-path" ? [privilege] : []));
  return {
    volumes: paths.map(({ hostPath }, index) => ({ name: `host-${index}`, hostPath: { path: hostPath } })),
    mounts: paths.map(({ path }, index) => ({
      name: `host-${index}`,
      mountPath: path,
      readOnly: true,
      mountPropagation: "HostToContainer",
    })),
  };
}

/** The claims that each copy of a program gets. */
export function claimTemplates(target: Target, { name, data = [] }: Workload): core.v1.PersistentVolumeClaim[] {
  return data
    .filter(({ shared }) => shared === undefined)
    .map((volume) => ({
      metadata: { name: volume.name, labels: labelsOf(target, name) },
      spec: claimSpec(volume, "ReadWriteOnce", target.cluster.storageClass),
    }));
}

/** The claim of a volume that all copies of a program write to. It is bound once the first of them is there. */
export function sharedClaim(target: Target, namespace: string, program: string, volume: DataVolume) {
  const { name, shared } = volume;
  return {
    metadata: { name, namespace, labels: labelsOf(target, program), annotations: NOT_AWAITED },
    spec: claimSpec(volume, "ReadWriteMany", shared?.storageClass),
  };
}

function claimSpec({ size }: DataVolume, accessMode: string, storageClassName: string | undefined) {
  return {
    accessModes: [accessMode],
    ...(storageClassName === undefined ? {} : { storageClassName }),
    resources: { requests: { storage: formatBytes(Math.round(size)) } },
  };
}

/** Names of a volume's claims: the one that copies share, or those that a StatefulSet makes of a template. */
export function claimNames(workload: Workload, { name, shared }: DataVolume): string[] {
  if (shared) return [name];
  return Array.from({ length: replicasOf(workload) }, (_, index) => `${name}-${workload.name}-${index}`);
}

/** What outlives a program, in the cluster's words. Of several copies each has its own. */
export function keptData(target: Target, namespace: string, workload: Workload): KeptData[] {
  return (workload.data ?? []).flatMap((volume) => {
    const { name, size } = volume;
    if (workload.placement.kind === "every-node") return [{ name, handle: `node:${nodePath(target, name)}`, size }];
    return claimNames(workload, volume).map((claim, index, { length }) => ({
      name: length > 1 ? `${name}-${index}` : name,
      handle: `${namespace}/persistentvolumeclaim/${claim}`,
      size,
    }));
  });
}
