import type { KubeObject } from "../../plugins/kubernetes/client";
import { storageClass } from "../objects";
import { NAME_SERVICE } from "./programs";
import { PROVISIONER } from "./volumes";

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
