import type { core, networking } from "@pulumi/kubernetes/types/input";

import {
  isAgent,
  labelsOf,
  metadataOf,
  namespaceOf,
  NOT_AWAITED,
  replicasOf,
  selectorOf,
  stackLabelsOf,
  type Target,
} from "./kubernetes-names";
import { replicasService, type Port, type Workload } from "./workload";

/**
 * The service that gives a program its name. One whose copies are all alike has an address of its own; where a copy runs on every
 * node the name leads to all of them, or with `local` to the one on the client's node. A client stays with one copy of a
 * program that keeps data, since each copy has its own.
 */
export function service(target: Target, workload: Workload) {
  const { name, placement, data = [], ports } = workload;
  const local = placement.kind === "every-node" && placement.local === true;
  const spec: core.v1.ServiceSpec = {
    selector: selectorOf(target, name),
    ports: servicePorts(ports),
    ...(placement.kind === "every-node" && !local ? { clusterIP: "None" } : {}),
    ...(local ? { internalTrafficPolicy: "Local" } : {}),
    ...(replicasOf(workload) > 1 && data.length > 0 ? { sessionAffinity: "ClientIP" } : {}),
  };
  return { metadata: { ...metadataOf(target, workload), annotations: NOT_AWAITED }, spec };
}

/** The service that gives each copy its name, also while it is not ready, so that copies can find each other. */
export function replicaService(target: Target, workload: Workload) {
  return {
    metadata: { ...metadataOf(target, workload), name: replicasService(workload.name) },
    spec: {
      selector: selectorOf(target, workload.name),
      ports: servicePorts(workload.ports),
      clusterIP: "None",
      publishNotReadyAddresses: true,
    },
  };
}

function servicePorts(ports: readonly Port[]): core.v1.ServicePort[] {
  return ports.map(({ name, number }) => ({ name, port: number, protocol: "TCP" }));
}

/** A program's name in the other namespace of the stack, where clients of it are. */
export interface Alias {
  readonly server: Workload;
  readonly namespace: string;
}

/** A program with a copy on every node is found through the cluster's API, since a name would lead to any of them. */
export function aliases(target: Target, workloads: readonly Workload[]): Alias[] {
  return workloads.flatMap((server) => {
    const { name, placement, ports } = server;
    if (ports.length === 0 || (placement.kind === "every-node" && placement.local !== true)) return [];
    const elsewhere = workloads
      .filter(({ talksTo }) => talksTo.includes(name))
      .map((client) => namespaceOf(target, client))
      .find((namespace) => namespace !== namespaceOf(target, server));
    return elsewhere === undefined ? [] : [{ server, namespace: elsewhere }];
  });
}

export function aliasService(target: Target, { server, namespace }: Alias) {
  const host = `${server.name}.${namespaceOf(target, server)}.svc.${target.cluster.clusterDomain}`;
  return {
    metadata: { name: server.name, namespace, labels: labelsOf(target, server.name) },
    spec: { type: "ExternalName", externalName: host },
  };
}

/** The port at which people come in through the ingress, if there is one. */
export function loginPort({ cluster }: Target, { ports }: Workload): Port | undefined {
  if (cluster.ingress === undefined) return undefined;
  return ports.find(({ reach }) => reach.from === "operator" && reach.login === true);
}

/** Address of a port: the ingress's where people come in there, else the one that peers use. */
export function address(target: Target, workload: Workload, port: Port): string {
  if (port === loginPort(target, workload)) return `https://${ingressHosts(target, workload, port)[0]}`;
  const host = isAgent(workload) ? `${workload.name}.${namespaceOf(target, workload)}` : workload.name;
  return `http://${host}:${port.number}`;
}

function ingressHosts({ cluster }: Target, { name }: Workload, { reach }: Port): string[] {
  const hosts = (reach.from === "operator" && reach.hosts) || [name];
  return hosts.map((host) => `${host}.${cluster.ingress?.domain}`);
}

/** The way in for all programs with a login; nothing when the settings ask for none. */
export function ingress(target: Target, workloads: readonly Workload[]) {
  const { settings, cluster } = target;
  const open = workloads
    .flatMap((workload) => {
      const port = loginPort(target, workload);
      const hosts = port === undefined ? [] : ingressHosts(target, workload, port);
      return hosts.map((host) => ({ name: workload.name, host, port: port?.number }));
    })
    .sort((a, b) => (a.host < b.host ? -1 : 1));
  if (cluster.ingress === undefined || open.length === 0) return undefined;
  const { className, clusterIssuer, tlsSecret } = cluster.ingress;
  const spec: networking.v1.IngressSpec = {
    ...(className === undefined ? {} : { ingressClassName: className }),
    tls: [{ hosts: open.map(({ host }) => host), secretName: tlsSecret }],
    rules: open.map(({ name, host, port }) => ({
      host,
      http: { paths: [{ path: "/", pathType: "Prefix", backend: { service: { name, port: { number: port } } } }] },
    })),
  };
  return {
    metadata: {
      name: settings.name,
      namespace: cluster.namespace,
      labels: stackLabelsOf(target),
      annotations: {
        ...NOT_AWAITED,
        ...(clusterIssuer === undefined ? {} : { "cert-manager.io/cluster-issuer": clusterIssuer }),
      },
    },
    spec,
  };
}
