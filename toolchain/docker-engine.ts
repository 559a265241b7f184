import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

import Docker from "dockerode";

import type { Report } from "./cache";
import { runCommand } from "./command";

/** How long a started engine may take to answer. */
const START_SECONDS = 60;

export interface DockerEngine {
  readonly version: string;
  readonly source: "running" | "started" | "installed";
}

/**
 * A Docker engine that answers: the running one; else, as root on Debian or Ubuntu, the distribution's package,
 * started.
 *
 * @throws when there is none and none can be installed here; the message says what to do.
 */
export async function ensureDockerEngine(report: Report = () => {}): Promise<DockerEngine> {
  const running = await engineVersion();
  if (running !== undefined) return { version: running, source: "running" };
  if (process.env.DOCKER_HOST) {
    throw new Error(
      `the Docker engine at DOCKER_HOST=${process.env.DOCKER_HOST} does not answer; start it, or unset DOCKER_HOST`,
    );
  }
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    throw new Error(
      "no Docker engine answers: start Docker (on Linux: sudo systemctl start docker; on macOS and Windows: Docker Desktop), and be in the group docker",
    );
  }
  const source = existsSync("/usr/sbin/dockerd") || existsSync("/usr/bin/dockerd") ? "started" : "installed";
  if (source === "installed") await installEngine(report);
  await startEngine(report);
  for (let second = 0; second < START_SECONDS; second += 1) {
    const version = await engineVersion();
    if (version !== undefined) return { version, source };
    await sleep(1_000);
  }
  throw new Error(
    `the Docker engine was started but did not answer within ${START_SECONDS} s; its log is /var/log/dockerd.log`,
  );
}

async function engineVersion(): Promise<string | undefined> {
  try {
    return (await new Docker({ timeout: 5_000 }).version()).Version;
  } catch {
    return undefined;
  }
}

async function installEngine(report: Report): Promise<void> {
  const release = await readFile("/etc/os-release", "utf8").catch(() => "");
  if (!/^ID(_LIKE)?=.*(debian|ubuntu)/m.test(release)) {
    throw new Error("no Docker engine is installed: see https://docs.docker.com/engine/install/ for this distribution");
  }
  report("installing the Docker engine from the distribution (docker.io)");
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const packages = ["install", "-y", "--no-install-recommends", "docker.io", "iptables"];
  if ((await runCommand("apt-get", packages, { env })).succeeded) return;
  await runCommand("apt-get", ["update"], { env });
  const second = await runCommand("apt-get", packages, { env });
  if (!second.succeeded) {
    const end = second.output.trimEnd().split("\n").slice(-5).join("\n");
    throw new Error(`apt-get could not install docker.io:\n${end}`);
  }
}

/** Through the init system where one runs, else as a process of its own that outlives this command. */
async function startEngine(report: Report): Promise<void> {
  report("starting the Docker engine");
  if (existsSync("/run/systemd/system")) {
    await runCommand("systemctl", ["start", "docker"]);
    return;
  }
  await runCommand("sh", ["-c", "setsid dockerd >/var/log/dockerd.log 2>&1 </dev/null &"]);
}
