import { INTERNET, SERVICES, type Workload } from "./workload";

/** A network and the programs on it. */
export interface Segment {
  readonly name: string;
  readonly members: readonly string[];
  /** Without a way out of the host. */
  readonly internal: boolean;
  /** Whether members may open connections to each other. */
  readonly membersTalk: boolean;
}

/** Segment of the programs that publish a port or reach the internet. */
export const EDGE = "edge";

/**
 * Networks such that a program shares one only with those it talks to or is talked to by. A network can not tell who
 * opens a connection, so programs that the same clients reach share one; each network costs an address range, of which
 * an engine has about thirty.
 *
 * @throws Error when `talksTo` names a program that the stack does not have.
 */
export function segments(workloads: readonly Workload[]): Segment[] {
  const names = new Set(workloads.map(({ name }) => name));
  for (const { name, talksTo } of workloads) {
    const unknown = talksTo.find((peer) => !names.has(peer) && peer !== SERVICES && peer !== INTERNET);
    if (unknown !== undefined) throw new Error(`${name} talks to "${unknown}", which is not a program of this stack`);
  }
  const servers = new Map<string, string[]>();
  for (const { name } of workloads) {
    const clients = workloads.filter(({ talksTo }) => talksTo.includes(name)).map((client) => client.name);
    if (clients.length === 0) continue;
    const key = [...clients].sort().join("-");
    servers.set(key, [...(servers.get(key) ?? []), name]);
  }
  const inner = [...servers].map(([clients, reached]) => ({
    name: `from-${clients}`,
    members: [
      ...new Set([
        ...workloads.filter(({ talksTo }) => talksTo.some((peer) => reached.includes(peer))).map(({ name }) => name),
        ...reached,
      ]),
    ].sort(),
    internal: true,
    membersTalk: true,
  }));
  const edge = workloads.filter((workload) => isPublished(workload) || workload.talksTo.includes(INTERNET));
  return [
    ...inner.sort((a, b) => a.name.localeCompare(b.name)),
    { name: EDGE, members: edge.map(({ name }) => name).sort(), internal: false, membersTalk: false },
    {
      name: SERVICES,
      members: workloads
        .filter(meetsServices)
        .map(({ name }) => name)
        .sort(),
      internal: false,
      membersTalk: true,
    },
  ];
}

function isPublished({ ports }: Workload): boolean {
  return ports.some(({ reach }) => "published" in reach);
}

function meetsServices({ ports, talksTo }: Workload): boolean {
  return talksTo.includes(SERVICES) || ports.some(({ reach }) => reach.from === "services");
}
