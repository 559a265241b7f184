import { readdir, readFile } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";

import type Docker from "dockerode";

import { ofStack } from "../components/platform/labels";
import type { Report } from "../toolchain/cache";
import { engineMessage } from "../toolchain/images/registry";
import { isAlive } from "../toolchain/process";
import { recorded } from "./deployment-state";
import type { StackRun } from "./pulumi-run";
import { PROJECT } from "./workspace";

interface Lock {
  readonly pid: number;
  readonly hostname: string;
}

/** How the engine says that a container has ended, and not well. */
const FAILED = /^Exited \((?!0\))/;

/**
 * Puts right what an interrupted run or a person left behind: the lock of a process that has ended, operations whose end
 * the state does not know, containers and networks that were made but not recorded, containers that were stopped or
 * removed, and set-up jobs that failed. Volumes are never touched.
 *
 * @throws Error when another run is at work on the stack.
 */
export async function recover(run: StackRun, docker: Docker, stackName: string, report: Report): Promise<void> {
  await releaseLock(run, report);
  const { resources, isInterrupted } = await recorded(run);
  const filters = ofStack(stackName);
  const present = await docker.listContainers({ all: true, filters });
  const containers = resources.filter(({ type }) => type === "docker:index/container:Container");
  const programs = new Set(containers.filter(({ inputs }) => inputs?.mustRun !== false).map(({ id }) => id));
  const stopped = present.filter(({ Id, State }) => State !== "running" && programs.has(Id));
  const stuck = await startAll(docker, stopped, report);
  const failed = present.filter(({ Id, Status }) => !programs.has(Id) && FAILED.test(Status));
  for (const container of [...stuck, ...failed]) {
    report(`removing ${nameOf(container)}, which failed, so that it runs again`);
    await docker.getContainer(container.Id).remove();
  }
  const left = present.filter((container) => !stuck.includes(container) && !failed.includes(container));
  const gone = containers.some(({ id }) => !left.some(({ Id }) => Id === id));
  if (gone || isInterrupted) await readAnew(run, gone ? "containers are missing" : undefined, report);
  await removeUnknown(docker, left, new Set(resources.map(({ id }) => id)), filters, report);
}

const nameOf = ({ Id, Names }: Docker.ContainerInfo) => Names[0]?.slice(1) ?? Id;

/** @returns those that can not be started, because a port that they publish is taken for example. */
async function startAll(
  docker: Docker,
  containers: readonly Docker.ContainerInfo[],
  report: Report,
): Promise<Docker.ContainerInfo[]> {
  const stuck: Docker.ContainerInfo[] = [];
  for (const container of containers) {
    report(`starting ${nameOf(container)}, which was ${container.State}`);
    try {
      await docker.getContainer(container.Id).start();
    } catch (error) {
      report(`${nameOf(container)} does not start: ${engineMessage((error as Error).message)}`);
      stuck.push(container);
    }
  }
  return stuck;
}

/**
 * Has the engine look at what there is.
 *
 * @param reason to do so; without it, that an earlier run was interrupted.
 */
export async function readAnew(run: StackRun, reason: string | undefined, report: Report): Promise<void> {
  report(
    reason === undefined
      ? "an earlier run was interrupted; reading what it had made"
      : `${reason}; reading what there is`,
  );
  await run.capture(["refresh", "--yes", "--skip-preview", "--clear-pending-creates"]);
}

/**
 * Removes the lock of a run that has ended without doing so itself.
 *
 * @throws Error when another run is at work on the stack.
 */
export async function releaseLock(run: StackRun, report: Report): Promise<void> {
  if (run.workspace.folder === undefined || !(await staleLock(run, run.workspace.folder))) return;
  report("an earlier run was interrupted; removing its lock");
  await run.capture(["cancel", "--yes"]);
}

async function staleLock(run: StackRun, state: string): Promise<boolean> {
  const folder = path.join(state, "backend", ".pulumi", "locks", "organization", PROJECT, run.stack);
  const files = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".json"));
  for (const file of files) {
    const lock = JSON.parse(await readFile(path.join(folder, file), "utf8")) as Lock;
    if (lock.hostname !== hostname() || isAlive(lock.pid)) {
      throw new Error(
        `process ${lock.pid} on ${lock.hostname} is at work on the stack ${run.stack}; wait for it, or end it and try again`,
      );
    }
  }
  return files.length > 0;
}

async function removeUnknown(
  docker: Docker,
  containers: readonly Docker.ContainerInfo[],
  known: ReadonlySet<string | undefined>,
  filters: { label: string[] },
  report: Report,
): Promise<void> {
  for (const container of containers) {
    if (known.has(container.Id)) continue;
    report(`removing the container ${nameOf(container)}, which no run recorded`);
    await docker.getContainer(container.Id).remove({ force: true, v: true });
  }
  for (const { Id, Name } of await docker.listNetworks({ filters })) {
    if (known.has(Id)) continue;
    report(`removing the network ${Name}, which no run recorded`);
    await docker.getNetwork(Id).remove({});
  }
}
