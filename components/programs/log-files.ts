/** What the shippers of lines share: where containers' lines lie on a machine, and who may ask whose they are. */
import type { ClusterRule, Privilege } from "../platform/workload";

/** Every container's log on a Docker engine. */
export const CONTAINER_LOGS: Privilege = {
  kind: "host-path",
  hostPath: "/var/lib/docker/containers",
  path: "/var/lib/docker/containers",
  reason: "reads the containers' logs; the engine writes them as root",
};

/** Every pod's log on a node. */
export const POD_LOGS: Privilege = {
  kind: "host-path",
  hostPath: "/var/log/pods",
  path: "/var/log/pods",
  reason: "reads the pods' logs; the runtime writes them as root",
};

/** What a shipper asks a cluster. */
export const PODS: ClusterRule = {
  apiGroups: [""],
  resources: ["pods"],
  verbs: ["get", "list", "watch"],
  reason: "finds the pods whose logs it reads, and their labels",
};
