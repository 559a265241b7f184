import { existsSync } from "node:fs";
import path from "node:path";

import type { Report } from "../../cache";
import { ensureDebianPackage } from "../../debian";
import { ensureTool } from "../../tools";

/** The programs of a real node, by path. */
export interface NodePrograms {
  readonly containerd: string;
  readonly ctr: string;
  readonly kubelet: string;
  readonly proxy: string;
  readonly names: string;
  /** Folder of the plugins that connect pods to the node's network. */
  readonly network: string;
  /** Folders in which containerd looks for its helpers, and runc. */
  readonly path: readonly string[];
}

/** What only the operating system can provide, by the package that has it. */
const COMMANDS = {
  ip: "iproute2",
  unshare: "util-linux",
  nsenter: "util-linux",
  iptables: "iptables",
  openssl: "openssl",
};

/** Why this machine can not run a real node, with what to change; undefined when it can. */
export function whyNoRealNode(): string | undefined {
  const refusal = (reason: string) => `A real Kubernetes node can not run here: ${reason}`;
  if (process.platform !== "linux") return refusal(`it needs Linux, and this is ${process.platform}.`);
  if (process.getuid?.() !== 0) return refusal("it makes namespaces, mounts and cgroups. Run it as root.");
  for (const [command, debianPackage] of Object.entries(COMMANDS)) {
    if (onPath(command) === undefined) return refusal(`there is no ${command}. Install the package ${debianPackage}.`);
  }
  if (!existsSync("/sys/fs/cgroup/memory") && !existsSync("/sys/fs/cgroup/cgroup.controllers")) {
    return refusal("there are no cgroups for memory at /sys/fs/cgroup. Mount them, or use another machine.");
  }
  return undefined;
}

/** Finds, fetches or builds the programs of a node. */
export async function ensureNodePrograms(report: Report): Promise<NodePrograms> {
  const containerd = await ensureSystemProgram("containerd", report);
  const runc = await ensureSystemProgram("runc", report);
  const { root } = await ensureDebianPackage("containernetworking-plugins", report);
  return {
    containerd,
    ctr: path.join(path.dirname(containerd), "ctr"),
    kubelet: await ensureTool("kubelet", report),
    proxy: await ensureTool("kube-proxy", report),
    names: await ensureTool("coredns", report),
    network: path.join(root, "usr", "lib", "cni"),
    path: [path.dirname(containerd), path.dirname(runc)],
  };
}

/** A program of the machine, else of the Debian package of its name. */
async function ensureSystemProgram(name: string, report: Report): Promise<string> {
  const installed = onPath(name);
  if (installed !== undefined) return installed;
  const { root } = await ensureDebianPackage(name, report);
  const found = ["usr/bin", "usr/sbin"].map((folder) => path.join(root, folder, name)).find((file) => existsSync(file));
  if (found === undefined) throw new Error(`the Debian package ${name} holds no program of that name`);
  return found;
}

function onPath(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(path.delimiter), "/usr/sbin", "/sbin"].filter(Boolean);
  return folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file));
}
