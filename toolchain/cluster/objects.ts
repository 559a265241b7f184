/** What a cluster holds before anyone uses it: nodes, storage and a class for ingresses. */
import type { KubeObject } from "../plugins/kubernetes/client";

/** Whose volumes and ingresses the simulation takes care of. */
export const SIMULATION = "simulation.local/controller";

const ZONES = ["zone-a", "zone-b", "zone-c"] as const;
const RESOURCES = { cpu: "8", memory: "32Gi", "ephemeral-storage": "200Gi", pods: "110" };

function node(index: number): KubeObject {
  const name = `node-${index + 1}`;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/region": "region-1",
        "topology.kubernetes.io/zone": ZONES[index % ZONES.length] ?? "zone-a",
      },
    },
    status: { allocatable: RESOURCES, capacity: RESOURCES },
  };
}

/** A class of volumes, by default of those that the simulation makes. */
export function storageClass(
  name: string,
  volumeBindingMode: string,
  isDefault: boolean,
  provisioner = SIMULATION,
): KubeObject {
  return {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name, annotations: { "storageclass.kubernetes.io/is-default-class": String(isDefault) } },
    provisioner,
    reclaimPolicy: "Delete",
    allowVolumeExpansion: true,
    volumeBindingMode,
  };
}

/** Each object with the path that it is posted to. */
export function firstObjects(nodes: number): readonly (readonly [path: string, object: KubeObject])[] {
  const classes = "/apis/storage.k8s.io/v1/storageclasses";
  const ingressClass: KubeObject = {
    apiVersion: "networking.k8s.io/v1",
    kind: "IngressClass",
    metadata: { name: "simulated", annotations: { "ingressclass.kubernetes.io/is-default-class": "true" } },
    spec: { controller: SIMULATION },
  };
  return [
    ...Array.from({ length: nodes }, (_, index) => ["/api/v1/nodes", node(index)] as const),
    [classes, storageClass("standard", "WaitForFirstConsumer", true)],
    [classes, storageClass("immediate", "Immediate", false)],
    ["/apis/networking.k8s.io/v1/ingressclasses", ingressClass],
  ];
}
