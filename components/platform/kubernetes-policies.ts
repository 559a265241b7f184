import type { networking } from "@pulumi/kubernetes/types/input";

import { destinations } from "./kubernetes-destinations";
import { loginPort } from "./kubernetes-services";
import { metadataOf, namespaceOf, selectorOf, stackLabelsOf, type Target } from "./kubernetes-names";
import { CLUSTER_API, INTERNET, NODES, SERVICES, type Port, type Workload } from "./workload";

type Rule = networking.v1.NetworkPolicyEgressRule;
type Peer = networking.v1.NetworkPolicyPeer;

/** Everywhere but the machine's own addresses, among which clouds have the one that gives out credentials. */
const EVERYWHERE: Peer[] = [
  { ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.0.0/16"] } },
  { ipBlock: { cidr: "::/0", except: ["fd00:ec2::254/128", "fe80::/10"] } },
];

/** No policy can name a node or the API server, which are no pods; so these and `apiPorts` are ports at any address. */
const KUBELET_PORTS = [10_250];

/**
 * Denies all traffic in a namespace but name resolution. Its servers are not named, since clusters have them in different
 * places, some on the node itself.
 */
export function defaultPolicy(target: Target, namespace: string) {
  const dns = ["TCP", "UDP"].map((protocol) => ({ port: 53, protocol }));
  return {
    metadata: { name: "default", namespace, labels: stackLabelsOf(target) },
    spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"], egress: [{ ports: dns }] },
  };
}

/** What a program may do beyond the default: both ends of each connection are declared by `talksTo` alone. */
export function policy(target: Target, workload: Workload, workloads: readonly Workload[]) {
  const ingress = ingressRules(target, workload, workloads);
  const egress = egressRules(target, workload, workloads);
  if (ingress.length === 0 && egress.length === 0) return undefined;
  return {
    metadata: metadataOf(target, workload),
    spec: {
      podSelector: { matchLabels: selectorOf(target, workload.name) },
      policyTypes: ["Ingress", "Egress"],
      ...(ingress.length > 0 ? { ingress } : {}),
      ...(egress.length > 0 ? { egress } : {}),
    },
  };
}

function ingressRules(target: Target, workload: Workload, workloads: readonly Workload[]) {
  const clients = workloads.filter(({ talksTo }) => talksTo.includes(workload.name)).sort(byName);
  const forServices = workload.ports.filter(({ reach }) => reach.from === "services");
  const login = loginPort(target, workload);
  return [
    ...(clients.length > 0 && workload.ports.length > 0
      ? [{ from: clients.map((client) => pods(target, client, workload)), ports: portsOf(workload.ports) }]
      : []),
    ...(forServices.length > 0
      ? [{ from: [namespace(target.cluster.servicesNamespace)], ports: portsOf(forServices) }]
      : []),
    // An ingress controller may be in any namespace, on a node itself or outside the cluster.
    ...(login ? [{ ports: portsOf([login]) }] : []),
  ];
}

function egressRules(target: Target, workload: Workload, workloads: readonly Workload[]): Rule[] {
  const { talksTo } = workload;
  const servers = workloads.filter(({ name, ports }) => talksTo.includes(name) && ports.length > 0).sort(byName);
  return [
    ...servers.map((server) => ({ to: [pods(target, server, workload)], ports: portsOf(server.ports) })),
    ...(talksTo.includes(SERVICES) ? toServices(target) : []),
    ...(talksTo.includes(INTERNET) ? [{ to: EVERYWHERE }] : []),
    ...(talksTo.includes(CLUSTER_API) ? [{ ports: target.cluster.apiPorts.map(tcp) }] : []),
    ...(talksTo.includes(NODES) ? [{ ports: KUBELET_PORTS.map(tcp) }] : []),
  ];
}

function toServices({ settings, cluster }: Target): Rule[] {
  const { namespaces, outsidePorts } = destinations(settings, cluster);
  return [
    { to: namespaces.map(namespace) },
    ...(outsidePorts.length > 0 ? [{ to: EVERYWHERE, ports: outsidePorts.map(tcp) }] : []),
  ];
}

/** The pods of one program, as a policy of another one names them. */
function pods(target: Target, peer: Workload, of: Workload): Peer {
  const podSelector = { matchLabels: selectorOf(target, peer.name) };
  const home = namespaceOf(target, peer);
  return home === namespaceOf(target, of) ? { podSelector } : { ...namespace(home), podSelector };
}

function namespace(name: string): Peer {
  return { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } } };
}

function portsOf(ports: readonly Port[]) {
  return ports.map(({ number }) => tcp(number));
}

function tcp(port: number) {
  return { port, protocol: "TCP" };
}

function byName(a: Workload, b: Workload): number {
  return a.name < b.name ? -1 : 1;
}
