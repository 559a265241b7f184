import { isAgent, isJob } from "./kubernetes-names";
import { OUTSIDE, type Workload } from "./workload";

/** The longest name that a container's port may have. */
const PORT_NAME = 15;

/**
 * What a cluster can not do for a program.
 *
 * @throws Error that names the field.
 */
export function refuseUnsupported(workload: Workload): void {
  const { name, privileges = [], runsAs, data = [], ports, files } = workload;
  const refuse = (what: string): never => {
    throw new Error(`${name}: ${what}`);
  };
  for (const privilege of privileges) {
    if (privilege.kind !== "device") continue;
    refuse(
      `device ${privilege.path} can not be had on a cluster, which lets only fully privileged containers open one`,
    );
  }
  if (runsAs.uid === 0 && !isAgent(workload)) {
    refuse("runsAs root can not be had on a cluster without a privilege that needs it; use another uid");
  }
  if (data.length > 0) refuseData(workload, refuse);
  if (isJob(workload) && ports.length > 0)
    refuse(`ports of a program that runs to its end can not be had on a cluster`);
  const long = ports.find((port) => port.name.length > PORT_NAME);
  if (long) refuse(`port name "${long.name}" has more than the ${PORT_NAME} characters that a cluster allows`);
  const logins = ports.filter(({ reach }) => reach.from === "operator" && reach.login);
  if (logins.length > 1) refuse(`${logins.length} ports with a login can not share the program's one host name`);
  if (logins.length > 0 && isAgent(workload)) {
    refuse("a login of a program with privileges can not be had on a cluster, whose ingress is in another namespace");
  }
  const keys = files?.entries.map(({ path }) => fileKey(path)) ?? [];
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined) refuse(`two files have the key "${twice}" on a cluster; rename one`);
}

function refuseData(workload: Workload, refuse: (what: string) => never): void {
  if (isJob(workload)) refuse("data of a program that runs to its end can not be had on a cluster");
  if (workload.placement.kind !== "every-node") return;
  if (!isAgent(workload) || workload.runsAs.uid !== 0) {
    refuse("data on every node can be had on a cluster only by a program with privileges that runs as root");
  }
}

/** Name of a file in an object that holds several, where a slash is not allowed. */
export function fileKey(path: string): string {
  return path.replaceAll("/", "__");
}

/** @throws Error when a program talks to one that the stack does not have. */
export function refuseUnknownPeers(workloads: readonly Workload[]): void {
  const names = new Set(workloads.map(({ name }) => name));
  for (const { name, talksTo } of workloads) {
    const unknown = talksTo.find((peer) => !names.has(peer) && !OUTSIDE.includes(peer));
    if (unknown !== undefined) throw new Error(`${name} talks to "${unknown}", which is not a program of this stack`);
  }
}
