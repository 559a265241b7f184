/**
 * The machine that a node believes to be: namespaces of its own for processes, mounts and network on this machine. When
 * its first process ends, so do all others, and mounts, interfaces and firewall rules go with them.
 */
import { mkdir, readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import path from "node:path";

import { runCommand } from "../../command";
import { until } from "../control-plane";
import type { Processes } from "../processes";

export interface Machine {
  readonly name: string;
  /** What the machine's disk holds of its own. */
  readonly folder: string;
  readonly address: string;
  /** This machine's address on the wire between the two. */
  readonly gateway: string;
  /** The cgroup that holds the node's pods, and its path as the kubelet writes it. */
  readonly cgroup: string;
  /** Runs a command in its network, to its end. @throws when the command fails. */
  run(program: string, commandArguments: readonly string[]): Promise<void>;
  /** Runs a program on it, until the processes are stopped. */
  start(name: string, program: string, commandArguments: readonly string[]): void;
}

const NETWORK = "10.213";
const CGROUPS = "/sys/fs/cgroup";
const WIRE = "eth0";
/** How many processes beside it the node weighs as much as, when they compete for the processors. */
const WEIGHT = 8;

/** Kernel settings that a kubelet wants, for all of the machine. It is shown these and the machine keeps its own. */
const KERNEL: Readonly<Record<string, string>> = {
  "vm/overcommit_memory": "1",
  "vm/panic_on_oom": "0",
  "kernel/panic": "10",
  "kernel/panic_on_oops": "1",
  "kernel/keys/root_maxkeys": "1000000",
  "kernel/keys/root_maxbytes": "25000000",
};

// `$1` is the machine's folder and `$2` its name. The first process stays, to collect those whose parents have ended.
const FIRST_PROCESS = `
set -e
mount --make-rshared /
hostname "$2"
mount -t tmpfs tmpfs /run
mkdir -p "$1/lib" "$1/log" "$1/kernel" "$1/containerd-run" /run/netns /run/containerd
mount --bind "$1/containerd-run" /run/containerd
mount --bind "$1/lib" /var/lib
mount --bind "$1/log" /var/log
${Object.entries(KERNEL)
  .map(([key, value]) => {
    const file = `"$1/kernel/${key.replaceAll("/", ".")}"`;
    return `if [ -e /proc/sys/${key} ]; then echo ${value} > ${file}; mount --bind ${file} /proc/sys/${key}; fi`;
  })
  .join("\n")}
echo > "$1/ready"
while :; do sleep 1000 & wait; done
`;

/** Shell commands that remove the cgroup of a machine that has ended. */
export function removalOf(cgroup: string): string {
  const find = `find ${CGROUPS} -mindepth 1 -maxdepth 2 -type d -name ${path.basename(cgroup)}`;
  const remove = `for top in $(${find}); do find "$top" -depth -type d -exec rmdir {} + ; done 2>/dev/null`;
  // Its last processes may need a moment to be gone.
  return `for attempt in 1 2 3 4 5 6 7 8 9 10; do ${remove}; [ -z "$(${find})" ] && break; sleep 0.3; done`;
}

export function cgroupOf(folder: string): string {
  return `/${path.basename(folder)}`;
}

/** Starts it and connects it to this machine. Nothing of it reaches further. */
export async function startMachine(folder: string, name: string, processes: Processes): Promise<Machine> {
  const own = path.join(folder, name);
  await mkdir(own, { recursive: true });
  const namespaces = ["--mount", "--net", "--pid", "--ipc", "--uts", "--mount-proc"];
  const ending = ["--fork", "--kill-child=SIGKILL"];
  const holder = processes.start("unshare", [...namespaces, ...ending, "sh", "-c", FIRST_PROCESS, "sh", own, name], {
    name: "machine",
    stopWith: "SIGKILL",
  });
  await until("the namespaces of the node are not there", processes, () =>
    readFile(path.join(own, "ready")).then(() => true),
  );
  const first = (await readFile(`/proc/${holder}/task/${holder}/children`, "utf8")).trim();
  const { gateway, address } = await connect(first);
  const cgroup = cgroupOf(folder);
  await makeCgroup(cgroup);
  const enter = ["--target", first, "--mount", "--net", "--pid", "--ipc", "--uts"];
  return {
    name,
    folder: own,
    address,
    gateway,
    cgroup,
    run: (program, commandArguments) => run("nsenter", "--target", first, "--net", "--", program, ...commandArguments),
    start: (label, program, commandArguments) => {
      const command = [...enter, "--", program, ...commandArguments];
      processes.start("nsenter", command, { name: label, stopWith: "SIGKILL" });
    },
  };
}

/** A wire between this machine and the one of a process, with a network of two addresses. */
async function connect(process: string): Promise<{ gateway: string; address: string }> {
  const taken = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const isFree = (third: number) => !taken.some(({ address }) => address.startsWith(`${NETWORK}.${third}.`));
  const third = Array.from({ length: 256 }, (_, index) => index).find(isFree);
  if (third === undefined) throw new Error(`all networks of ${NETWORK}.0.0/16 are taken: stop other test clusters`);
  const [gateway, address] = [`${NETWORK}.${third}.1`, `${NETWORK}.${third}.2`];
  const outside = `testnode${third}`;
  const inside = ["nsenter", "--target", process, "--net", "ip"];
  await run("ip", "link", "add", outside, "type", "veth", "peer", "name", WIRE, "netns", process);
  await run("ip", "address", "add", `${gateway}/30`, "dev", outside);
  await run("ip", "link", "set", outside, "up");
  await run(...inside, "link", "set", "lo", "up");
  await run(...inside, "address", "add", `${address}/30`, "dev", WIRE);
  await run(...inside, "link", "set", WIRE, "up");
  await run(...inside, "route", "add", "default", "via", gateway);
  return { gateway, address };
}

/**
 * With every hierarchy where there are several, below the only one else. As a default all pods together get as much of a
 * busy machine as a single process beside them: three Elasticsearches did not start in ten minutes.
 */
async function makeCgroup(cgroup: string): Promise<void> {
  const script = `if [ -e ${CGROUPS}/cgroup.controllers ]; then mkdir ${CGROUPS}${cgroup}; else
    for top in ${CGROUPS}/*/; do mkdir "$top${cgroup}"; done; fi
    for share in ${CGROUPS}/*${cgroup}/cpu.shares; do [ ! -e "$share" ] || echo ${1_024 * WEIGHT} > "$share"; done
    for share in ${CGROUPS}${cgroup}/cpu.weight; do [ ! -e "$share" ] || echo ${100 * WEIGHT} > "$share"; done`;
  await run("sh", "-c", script);
}

async function run(program = "", ...commandArguments: string[]): Promise<void> {
  const result = await runCommand(program, commandArguments);
  if (!result.succeeded) throw new Error(`${program} ${commandArguments.join(" ")} failed: ${result.output}`);
}
