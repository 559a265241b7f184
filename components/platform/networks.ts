import { INTERNET, OUTSIDE, SERVICES, type Workload } from "./workload";

/** A network and the programs on it. */
export interface Segment {
  readonly name: string;
  readonly members: readonly string[];
  /** The members that the others reach there by name. */
  readonly servers: readonly string[];
  /** Without a way out of the host. */
  readonly internal: boolean;
}

/** Segment of the programs that publish a port or reach the internet. Its members can not talk to each other. */
export const EDGE = "edge";

/**
 * Networks that follow from who talks to whom. A network can not tell who opens a connection, so the clients of a program
 * share one with it, and programs that the same clients reach share one too: each network costs an address range, of
 * which an engine has about thirty.
 *
 * @throws Error when `talksTo` names a program that the stack does not have.
 */
export function segments(workloads: readonly Workload[]): Segment[] {
  const names = new Set(workloads.map(({ name }) => name));
  for (const { name, talksTo } of workloads) {
    const unknown = talksTo.find((peer) => !names.has(peer) && peer !== SERVICES && peer !== INTERNET);
    if (unknown !== undefined && OUTSIDE.includes(unknown)) {
      throw new Error(`${name} talks to "${unknown}", which one Docker engine does not have`);
    }
    if (unknown !== undefined) throw new Error(`${name} talks to "${unknown}", which is not a program of this stack`);
  }
  const edge = workloads.filter((workload) => isPublished(workload) || workload.talksTo.includes(INTERNET));
  const atServices = workloads.filter(
    (workload) => isReachedByServices(workload) || workload.talksTo.includes(SERVICES),
  );
  return [
    ...innerSegments(workloads),
    { name: EDGE, members: namesOf(edge), servers: [], internal: false },
    {
      name: SERVICES,
      members: namesOf(atServices),
      servers: namesOf(atServices.filter(isReachedByServices)),
      internal: false,
    },
  ];
}

function innerSegments(workloads: readonly Workload[]): Segment[] {
  const byClients = new Map<string, { clients: string[]; servers: string[] }>();
  for (const { name } of workloads) {
    const clients = namesOf(workloads.filter((peer) => peer.name !== name && peer.talksTo.includes(name)));
    if (clients.length === 0) continue;
    const key = clients.join("-");
    byClients.set(key, { clients, servers: [...(byClients.get(key)?.servers ?? []), name].sort() });
  }
  const byMembers = new Map<string, Segment>();
  for (const key of [...byClients.keys()].sort()) {
    const { clients, servers } = byClients.get(key) as { clients: string[]; servers: string[] };
    const members = [...new Set([...clients, ...servers])].sort();
    const same = byMembers.get(members.join());
    byMembers.set(members.join(), {
      name: same?.name ?? `from-${key}`,
      members,
      servers: [...(same?.servers ?? []), ...servers].sort(),
      internal: true,
    });
  }
  return [...byMembers.values()];
}

function namesOf(workloads: readonly Workload[]): string[] {
  return workloads.map(({ name }) => name).sort();
}

function isPublished({ ports }: Workload): boolean {
  return ports.some(({ reach }) => "published" in reach);
}

function isReachedByServices({ ports }: Workload): boolean {
  return ports.some(({ reach }) => reach.from === "services");
}
