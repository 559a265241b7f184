import { mkdir, readdir, rename, rm, statfs } from "node:fs/promises";
import path from "node:path";

import type { KeptData } from "../../components/platform/platform";
import type { ProgramOutput } from "../../components/stack-outputs";
import { writeArchive } from "../backup/archive";
import { printOf } from "../backup/grafana-key";
import { manifestOf, writeManifest, type ArchivedVolume, type Manifest } from "../backup/manifest";
import { missingLines, selectionOf, withoutStandIn } from "../backup/selection";
import { ELASTICSEARCH, Snapshots, snapshotVolume, WRITTEN } from "../backup/snapshots";
import { startInTurn } from "../backup/start-in-turn";
import { changesBegin, UsageError } from "../fail";
import { waitForHealth } from "../health";
import { programNamed, report, withStack, type Session } from "../session";
import { size, table } from "../table";

/** How long the programs may take to be healthy again. */
const HEALTH_SECONDS = 120;

export interface BackupOptions {
  readonly stack: string;
  readonly json?: boolean;
  /** Programs whose data is left out. */
  readonly without?: readonly string[];
}

/**
 * Copies the data of every program into a folder. Each program is stopped while its data is copied, one after the other:
 * a store that runs writes files that only make sense together. Elasticsearch goes on, and writes a snapshot.
 *
 * @param folder must not exist, or be empty. Default: one named after the time, beside the stack's state.
 * @throws UsageError when the folder can not be used, a program can not be left out, or Elasticsearch has nowhere to write a
 * snapshot.
 */
export async function backup(
  folder: string | undefined,
  { stack, json = false, without = [] }: BackupOptions,
): Promise<void> {
  await withStack(stack, async (session) => {
    const target = path.resolve(folder ?? defaultFolder(session, stack));
    await checkTarget(target);
    const { programs, notIncluded } = await withoutStandIn(selectionOf(session.outputs, without), session.client);
    await checkRoom(session, programs, path.dirname(target));
    const partial = `${target}.partial`;
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial, { recursive: true, mode: 0o700 });
    try {
      const { grafanaSecretKey: key } = session.outputs;
      const volumes = await copyAll(session, programs, partial);
      const manifest = manifestOf(stack, volumes, notIncluded, key === undefined ? undefined : printOf(key));
      await writeManifest(partial, manifest);
      await rm(target, { recursive: true, force: true });
      await rename(partial, target);
      print(target, manifest, json);
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
    await checkHealth(session);
  });
}

function defaultFolder({ run }: Session, stack: string): string {
  const { folder } = run.workspace;
  if (folder === undefined) throw new UsageError("say where to: npx monitoring backup <folder>");
  const time = new Date().toISOString().slice(0, 19).replaceAll(/[:T]/g, "-");
  return path.join(folder, "backups", `${stack}-${time}`);
}

async function checkTarget(target: string): Promise<void> {
  const held = await readdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    if (error.code === "ENOTDIR") throw new UsageError(`${target} is a file; name a folder that does not exist`);
    throw error;
  });
  if (held.length > 0) throw new UsageError(`${target} is not empty; name a folder that does not exist`);
}

/** @throws UsageError when the disk has less room than the volumes fill, which is the most that a copy takes. */
async function checkRoom({ client }: Session, programs: readonly ProgramOutput[], parent: string): Promise<void> {
  await mkdir(parent, { recursive: true });
  const { bavail, bsize } = await statfs(parent);
  const use = await client.use(programs.flatMap(({ data }) => data.map(({ handle }) => handle)));
  const needed = use.reduce((sum, { used }) => sum + used, 0);
  if (needed > bavail * bsize)
    throw new UsageError(`${parent} has ${size(bavail * bsize)} left; the copy may take ${size(needed)}`);
}

async function copyAll(
  session: Session,
  programs: readonly ProgramOutput[],
  folder: string,
): Promise<ArchivedVolume[]> {
  const interrupt = new AbortController();
  const abort = () => interrupt.abort(new Error("interrupted; nothing was written"));
  process.once("SIGINT", abort).once("SIGTERM", abort);
  try {
    const volumes: ArchivedVolume[] = [];
    changesBegin();
    for (const group of stoppedTogether(programs))
      volumes.push(...(await copyStopped(session, group, folder, interrupt.signal)));
    const elasticsearch = programs.find(({ name }) => name === ELASTICSEARCH);
    if (elasticsearch) volumes.push(...(await copySnapshot(session, elasticsearch, folder, interrupt.signal)));
    return volumes;
  } finally {
    process.off("SIGINT", abort).off("SIGTERM", abort);
  }
}

/**
 * The programs that keep data, in groups that are stopped at the same time. What sends to a store keeps what the store
 * does not take and tries again; only Prometheus gives up an alert at once, so it is stopped with Alertmanager. Elasticsearch
 * is not stopped at all.
 */
export function stoppedTogether(programs: readonly ProgramOutput[]): ProgramOutput[][] {
  const keeping = programs.filter(({ name, data }) => name !== ELASTICSEARCH && data.length > 0);
  const alerting = keeping.filter(({ name }) => name === "prometheus" || name === "alertmanager");
  const others = keeping.filter((program) => !alerting.includes(program));
  return [...(alerting.length > 0 ? [alerting] : []), ...others.map((program) => [program])];
}

/**
 * Copies the volumes of programs while they are stopped, and starts those again that ran. What sends to another program
 * comes after it in the outputs, and is stopped before it: Prometheus's last samples would else say that Alertmanager is
 * down, and a restored copy would raise that alarm.
 */
export async function copyStopped(
  { client }: Session,
  programs: readonly ProgramOutput[],
  folder: string,
  signal: AbortSignal,
): Promise<ArchivedVolume[]> {
  signal.throwIfAborted();
  report(`copying ${programs.map(({ name }) => name).join(" and ")}`);
  const stopped: ProgramOutput[] = [];
  try {
    for (const program of [...programs].reverse()) {
      if (!(await client.state(program)).running) continue;
      stopped.push(program);
      await client.stop(program);
    }
    const copied: ArchivedVolume[] = [];
    for (const [program, data] of programs.flatMap((each) => each.data.map((one) => [each, one] as const))) {
      const file = `${program.name}-${data.name}.tar.gz`;
      const content = await writeArchive(await client.read(data.handle), path.join(folder, file), signal);
      copied.push({ ...archived(program, data), file, ...content });
    }
    return copied;
  } finally {
    await startInTurn(client, stopped.reverse());
  }
}

/** Has Elasticsearch write a snapshot, copies that and removes it again. */
async function copySnapshot(
  { client }: Session,
  program: ProgramOutput,
  folder: string,
  signal: AbortSignal,
): Promise<ArchivedVolume[]> {
  signal.throwIfAborted();
  report(`copying ${program.name}`);
  const snapshots = new Snapshots(client, program);
  const volume = snapshotVolume(program);
  // What a backup that was cut off has left would be in the copy.
  await snapshots.discard(volume.handle, [WRITTEN]);
  try {
    await snapshots.create(WRITTEN, signal);
    const file = `${program.name}-${volume.name}.tar.gz`;
    const content = await writeArchive(await client.read(volume.handle), path.join(folder, file), signal);
    return [{ ...archived(program, volume), file, ...content }];
  } finally {
    await snapshots.discard(volume.handle, [WRITTEN]);
  }
}

function archived({ name, image }: ProgramOutput, data: KeptData): Pick<ArchivedVolume, "program" | "data" | "image"> {
  return { program: name, data: data.name, image };
}

/** @throws Error that names the programs that do not come back. */
async function checkHealth({ client, outputs }: Session): Promise<void> {
  report("waiting until every program is healthy again");
  const prometheus = await client.reach(programNamed(outputs, "prometheus"));
  const states = await waitForHealth(client, outputs.programs, prometheus, HEALTH_SECONDS);
  const ill = states.filter(({ health }) => health !== "healthy");
  if (ill.length === 0) return;
  const named = ill.map(
    ({ program, health, detail }) => `${program.name} is ${health}: ${detail ?? "no reason known"}`,
  );
  throw new Error(`the backup is whole, but not every program came back:\n${named.join("\n")}`);
}

function print(folder: string, { volumes, notIncluded }: Manifest, json: boolean): void {
  if (json) return console.log(JSON.stringify({ folder, volumes, notIncluded }, undefined, 2));
  const rows = volumes.map(({ program, unpacked, bytes, file }) => [program, size(unpacked), size(bytes), file]);
  console.log(table(["program", "data", "copy", "file"], rows));
  for (const line of missingLines(notIncluded)) console.log(line);
  console.log(`The backup is in ${folder}. It holds users and their passwords' hashes: keep it where the data may be.`);
}
