import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readlink, rename, rm, symlink, unlink } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { isAlive } from "./process";

/** Takes one line that says what is going on, for whoever waits. */
export type Report = (message: string) => void;

const FOLDER = "pyairtable-monitoring";
const POLL_MS = 200;
const TAKEOVER_MS = 100;

/**
 * The folder of everything that is built or fetched. It lies outside the checkout, so that a clean checkout and a
 * second one use the same builds.
 *
 * @returns `$PYAIRTABLE_MONITORING_CACHE`, else the folder `pyairtable-monitoring` under `$XDG_CACHE_HOME`, else
 * under `~/.cache`.
 */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env, home: string = homedir()): string {
  if (env.PYAIRTABLE_MONITORING_CACHE) {
    return path.resolve(env.PYAIRTABLE_MONITORING_CACHE);
  }
  return path.join(env.XDG_CACHE_HOME || path.join(home, ".cache"), FOLDER);
}

/**
 * Runs `action` while no other run, in this process or another, holds the lock `name`.
 *
 * A lock whose process has ended is taken over. Waiting for a living one has no time limit, because a build may take
 * minutes; `report` says for whom it waits.
 */
export async function withLock<T>(name: string, action: () => Promise<T>, report: Report = () => {}): Promise<T> {
  const lock = path.join(cacheRoot(), "locks", name);
  await mkdir(path.dirname(lock), { recursive: true });
  let told = false;
  while (!(await acquire(lock))) {
    if (!told) {
      report(`waiting for another run that holds ${lock}`);
      told = true;
    }
    await sleep(POLL_MS);
  }
  try {
    return await action();
  } finally {
    await unlink(lock);
  }
}

/**
 * Gives the folder `target`, made by `fill` unless it is there already.
 *
 * `fill` works in a temporary folder beside it, which takes the name only when complete: an interrupted run leaves
 * nothing that looks finished.
 */
export async function ensureFolder(
  target: string,
  fill: (folder: string) => Promise<void>,
  options: { lock: string; report?: Report },
): Promise<string> {
  if (existsSync(target)) {
    return target;
  }
  return withLock(
    options.lock,
    async () => {
      if (!existsSync(target)) {
        await mkdir(path.dirname(target), { recursive: true });
        const unfinished = await mkdtemp(`${target}.unfinished-`);
        try {
          await fill(unfinished);
          await rename(unfinished, target);
        } finally {
          await rm(unfinished, { recursive: true, force: true });
        }
      }
      return target;
    },
    options.report,
  );
}

// The lock is a symbolic link whose target is the holder's process id: one system call creates it with its content.
async function acquire(lock: string): Promise<boolean> {
  const own = String(process.pid);
  try {
    await symlink(own, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
      throw error;
    }
  }
  const holder = await readlink(lock).catch(() => undefined);
  if (holder === undefined || isAlive(Number(holder))) {
    return false;
  }
  const replacement = `${lock}.${own}`;
  await rm(replacement, { force: true });
  await symlink(own, replacement);
  await rename(replacement, lock);
  // Two runs may find the same dead holder; the one whose replacement came last has the lock.
  await sleep(TAKEOVER_MS);
  return (await readlink(lock).catch(() => undefined)) === own;
}
