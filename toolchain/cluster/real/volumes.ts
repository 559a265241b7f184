import { mkdir, rm } from "node:fs/promises";
import path from "node:path";

import type { KubernetesClient, KubeObject } from "../../plugins/kubernetes/client";
import type { Machine } from "./machine";

/** Whose volumes are folders of the real node. */
export const PROVISIONER = "test.local/folders";

const ASKED = "volume.kubernetes.io/storage-provisioner";
const CLAIMS = "/api/v1/persistentvolumeclaims";
const VOLUMES = "/api/v1/persistentvolumes";

interface Claim extends KubeObject {
  readonly spec: {
    readonly volumeName?: string;
    readonly storageClassName?: string;
    readonly accessModes: readonly string[];
    readonly resources: { readonly requests: Readonly<Record<string, string>> };
  };
}

interface Volume extends KubeObject {
  readonly spec: { readonly local?: { readonly path: string } };
  readonly status?: { readonly phase?: string };
}

/** Gives each claim that waits a folder of the node, and removes the folders of claims that are gone. */
export async function provideVolumes(client: KubernetesClient, machine: Machine): Promise<void> {
  const claims = await client.call<{ items: Claim[] }>("GET", CLAIMS);
  const volumes = await client.call<{ items: Volume[] }>("GET", VOLUMES);
  // A claim waits for a moment longer than for its volume: until the two are bound.
  const provided = new Set(volumes.items.map(({ metadata }) => metadata.name));
  const waiting = claims.items.filter((claim) => isWaiting(claim) && !provided.has(nameOf(claim)));
  for (const claim of waiting) await provide(client, machine, claim);
  for (const { metadata, spec } of volumes.items.filter(({ status }) => status?.phase === "Released")) {
    if (spec.local) await rm(spec.local.path, { recursive: true, force: true });
    await client.call("DELETE", `${VOLUMES}/${metadata.name}`);
  }
}

function isWaiting({ metadata, spec }: Claim): boolean {
  return spec.volumeName === undefined && metadata.annotations?.[ASKED] === PROVISIONER;
}

function nameOf({ metadata }: Claim): string {
  return `folder-${metadata.uid}`;
}

async function provide(client: KubernetesClient, machine: Machine, claim: Claim): Promise<void> {
  const { metadata, spec: asked } = claim;
  const name = nameOf(claim);
  const folder = path.join(machine.folder, "volumes", name);
  await mkdir(folder, { recursive: true });
  const onNode = { key: "kubernetes.io/hostname", operator: "In", values: [machine.name] };
  const spec = {
    storageClassName: asked.storageClassName,
    accessModes: asked.accessModes,
    capacity: asked.resources.requests,
    persistentVolumeReclaimPolicy: "Retain",
    claimRef: { kind: "PersistentVolumeClaim", name: metadata.name, namespace: metadata.namespace, uid: metadata.uid },
    local: { path: folder },
    nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [onNode] }] } },
  };
  const body = { apiVersion: "v1", kind: "PersistentVolume", metadata: { name }, spec };
  await client.call("POST", VOLUMES, { body });
}
