/** What a cluster holds before anyone uses it: nodes, storage and a class for ingresses. */
import type { KubeObject } from "../plugins/kubernetes/client";
import { NAME_SERVICE } from "./real/programs";
import { PROVISIONER } from "./real/volumes";

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

function storageClass(
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

/** What a real node needs beside itself: a default class for its volumes, and an address for the name server on it. */
export function realNodeObjects(address: string): readonly (readonly [path: string, object: KubeObject])[] {
  const system = "/api/v1/namespaces/kube-system";
  const metadata = { name: "kube-dns", namespace: "kube-system" };
  const ports = ["UDP", "TCP"].map((protocol) => ({ name: `dns-${protocol.toLowerCase()}`, port: 53, protocol }));
  const service = { apiVersion: "v1", kind: "Service", metadata, spec: { clusterIP: NAME_SERVICE, ports } };
  const slice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { ...metadata, labels: { "kubernetes.io/service-name": metadata.name } },
    addressType: "IPv4",
    endpoints: [{ addresses: [address] }],
    ports,
  };
  return [
    ["/apis/storage.k8s.io/v1/storageclasses", storageClass("standard", "WaitForFirstConsumer", true, PROVISIONER)],
    [`${system}/services`, service],
    ["/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices", slice],
  ];
}
