/** Enforces NetworkPolicies on a real node: as firewall rules of the node's own network, made anew when something changes. */
import { writeFile } from "node:fs/promises";
import path from "node:path";

import type { KubernetesClient, KubeObject } from "../../plugins/kubernetes/client";
import type { Machine } from "./machine";

type Labels = Readonly<Record<string, string>>;

interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly object[];
}

interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly { readonly protocol?: string; readonly port?: number | string }[];
}

interface Policy extends KubeObject {
  readonly spec: {
    readonly podSelector: Selector;
    readonly policyTypes: readonly ("Ingress" | "Egress")[];
    readonly ingress?: readonly Rule[];
    readonly egress?: readonly Rule[];
  };
}

interface Pod extends KubeObject {
  readonly spec: { readonly hostNetwork?: boolean };
  readonly status: { readonly podIP?: string; readonly phase?: string };
}

/** Everything that decides who may talk to whom. */
interface State {
  readonly policies: readonly Policy[];
  readonly namespaces: ReadonlyMap<string, Labels>;
  readonly pods: readonly Pod[];
}

interface Direction {
  readonly type: "Ingress" | "Egress";
  /** How the rules name the pod of the policy, and its peer. */
  readonly own: "-s" | "-d";
  readonly peer: "-s" | "-d";
}

const DIRECTIONS: readonly Direction[] = [
  { type: "Egress", own: "-s", peer: "-d" },
  { type: "Ingress", own: "-d", peer: "-s" },
];
const CHAIN = "POLICIES";
// A bit of a packet's mark that kube-proxy has no use for: some rule allows the packet.
const ALLOWED = "0x20000/0x20000";

/** Makes every packet of a pod go through the policies, also those to the node itself. Probes come from the node. */
export async function preparePolicies(machine: Machine): Promise<void> {
  await machine.run("iptables", ["-N", CHAIN]);
  for (const chain of ["FORWARD", "INPUT"]) await machine.run("iptables", ["-I", chain, "-j", CHAIN]);
}

/** Gives a function that brings the node's rules up to date. */
export function policyRounds(client: KubernetesClient, machine: Machine): () => Promise<void> {
  let applied = "";
  return async () => {
    const rules = firewall(await readState(client));
    if (rules === applied) return;
    const file = path.join(machine.folder, "policies.rules");
    await writeFile(file, rules);
    await machine.run("iptables-restore", ["--noflush", file]);
    applied = rules;
  };
}

async function readState(client: KubernetesClient): Promise<State> {
  const list = async <T>(at: string) => (await client.call<{ items: T[] }>("GET", at)).items;
  const [policies, namespaces, pods] = await Promise.all([
    list<Policy>("/apis/networking.k8s.io/v1/networkpolicies"),
    list<KubeObject>("/api/v1/namespaces"),
    list<Pod>("/api/v1/pods"),
  ]);
  return {
    policies,
    namespaces: new Map(namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}])),
    pods: pods.filter(({ spec, status }) => !spec.hostNetwork && status.podIP && isAlive(status.phase)),
  };
}

function isAlive(phase = ""): boolean {
  return phase !== "Succeeded" && phase !== "Failed";
}

function firewall(state: State): string {
  const chains: string[] = [`:${CHAIN} - [0:0]`];
  const rules: string[] = [`-A ${CHAIN} -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN`];
  for (const pod of state.pods) {
    for (const direction of DIRECTIONS) {
      const policies = state.policies.filter((policy) => isFor(policy, pod, direction));
      if (policies.length === 0) continue;
      const chain = `POD-${chains.length}`;
      chains.push(`:${chain} - [0:0]`);
      rules.push(`-A ${CHAIN} ${direction.own} ${pod.status.podIP} -j ${chain}`);
      rules.push(`-A ${chain} -j MARK --set-xmark 0x0/0x20000`);
      rules.push(`-A ${chain} ${direction.peer} ${pod.status.podIP} -j MARK --set-xmark ${ALLOWED}`);
      for (const policy of policies) rules.push(...allowances(state, policy, direction, chain));
      rules.push(`-A ${chain} -m mark --mark ${ALLOWED} -j RETURN`, `-A ${chain} -j REJECT`);
    }
  }
  return ["*filter", ...chains, ...rules, "COMMIT", ""].join("\n");
}

function isFor({ metadata, spec }: Policy, pod: Pod, { type }: Direction): boolean {
  return (
    metadata.namespace === pod.metadata.namespace &&
    spec.policyTypes.includes(type) &&
    selects(spec.podSelector, pod.metadata.labels)
  );
}

/** What the rules of one policy let through, in one direction. */
function allowances(state: State, policy: Policy, direction: Direction, chain: string): string[] {
  const rules = (direction.type === "Ingress" ? policy.spec.ingress : policy.spec.egress) ?? [];
  return rules.flatMap((rule) => {
    const peers = rule.from ?? rule.to ?? [];
    const ends = peers.length === 0 ? [""] : peers.flatMap((peer) => endsOf(state, policy, peer, direction.peer));
    return ends.flatMap((end) =>
      portsOf(rule).map((port) => `-A ${chain} ${end}${port}-j MARK --set-xmark ${ALLOWED}`),
    );
  });
}

/** The matches for one peer, each with a space after it. What is excepted from a range counts as outside of it. */
function endsOf(
  state: State,
  policy: Policy,
  { podSelector, namespaceSelector, ipBlock }: Peer,
  flag: string,
): string[] {
  if (ipBlock) {
    if (ipBlock.cidr.includes(":")) return [];
    const besides = (ipBlock.except ?? []).map(
      (range) => `-m iprange ! ${flag === "-d" ? "--dst" : "--src"}-range ${bounds(range)} `,
    );
    return [`${flag} ${ipBlock.cidr} ${besides.join("")}`];
  }
  const inNamespace = ({ metadata }: Pod) =>
    namespaceSelector === undefined
      ? metadata.namespace === policy.metadata.namespace
      : selects(namespaceSelector, state.namespaces.get(metadata.namespace ?? ""));
  return state.pods
    .filter((pod) => inNamespace(pod) && selects(podSelector ?? {}, pod.metadata.labels))
    .map(({ status }) => `${flag} ${status.podIP} `);
}

/** The first and last address of a range. */
function bounds(cidr: string): string {
  const [base = "", length = "32"] = cidr.split("/");
  const first = base.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const written = (value: number) => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
  return `${base}-${written(first + 2 ** (32 - Number(length)) - 1)}`;
}

function portsOf({ ports = [] }: Rule): string[] {
  if (ports.length === 0) return [""];
  return ports.map(({ protocol = "TCP", port }) => {
    if (typeof port === "string")
      throw new Error(`the port ${port} of a NetworkPolicy is named, and only numbers are known`);
    return `-p ${protocol.toLowerCase()} ${port === undefined ? "" : `--dport ${port} `}`;
  });
}

function selects({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels = {}): boolean {
  if (matchExpressions.length > 0) throw new Error("a NetworkPolicy selects by expressions, and only labels are known");
  return Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
}
