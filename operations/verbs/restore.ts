import path from "node:path";

import { confirm } from "../ask";
import { readArchive } from "../backup/archive";
import { unreadableLines } from "../backup/grafana-key";
import { checkArchives, readManifest, type Manifest } from "../backup/manifest";
import { checkRoomFor, planOf, unusedOf, type Step } from "../backup/plan";
import { missingLines } from "../backup/selection";
import { SnapshotRestore } from "../backup/snapshot-restore";
import { SNAPSHOTS } from "../backup/snapshots";
import { startInTurn } from "../backup/start-in-turn";
import { COUNT, DISCARD, FINISH, LOOK, NEW, PREPARE, SWAP, UNDO } from "../backup/swap";
import type { ProgramOutput } from "../../components/stack-outputs";
import { changesBegin } from "../fail";
import { waitForHealth } from "../health";
import { programNamed, report, withStack, type Session } from "../session";
import { size, table } from "../table";

/** How long the programs may take to be healthy with what was restored. */
const HEALTH_SECONDS = 180;

interface RestoreOptions {
  readonly stack: string;
  readonly fromOtherStack?: boolean;
  /** Do not ask. */
  readonly yes?: boolean;
}

/**
 * Puts a backup in the place of what the programs keep. Nothing of the stack is touched before the whole backup was read
 * and checked, and unpacked beside the data that is there; if the programs do not come up with it, the old data is put
 * back.
 *
 * @returns whether it went through.
 */
export async function restore(folder: string, options: RestoreOptions): Promise<boolean> {
  const source = path.resolve(folder);
  const manifest = await readManifest(source);
  report("reading the backup");
  await checkArchives(source, manifest);
  return withStack(options.stack, async (session) => {
    const steps = planOf(manifest, options.stack, session.outputs, options.fromOtherStack ?? false);
    checkRoomFor(steps, await session.client.use(steps.map(({ volume }) => volume)));
    console.log(text(steps, manifest, session.outputs));
    if (!options.yes) await confirm("What the programs have stored since then will be lost.", options.stack);
    changesBegin();
    const [snapshot, volumes] = [steps.find(isSnapshot), steps.filter((step) => !isSnapshot(step))];
    const indices = snapshot && new SnapshotRestore(session, snapshot.program);
    await settle(session, volumes, indices);
    await unpack(session, volumes, source, () => snapshot && indices?.prepare(snapshot, source));
    await uninterrupted(() => exchange(session, volumes, { indices }));
    await indices?.discard();
    await setGrafanaPassword(session, steps);
    console.log(`The stack "${options.stack}" runs with the data of ${manifest.createdAt}.`);
    return true;
  });
}

/** Whether an archive holds a snapshot for a running store, and not the content of a stopped one's volume. */
const isSnapshot = ({ archive }: Step) => archive.data === SNAPSHOTS;

function text(steps: readonly Step[], manifest: Manifest, outputs: Session["outputs"]): string {
  const { createdAt, notIncluded } = manifest;
  const rows = steps.map(({ program, volume, archive }) => [
    program.name,
    volume,
    size(archive.unpacked),
    archive.image,
  ]);
  return [
    table(["program", "volume", "data", "written by"], rows),
    ...unusedOf(manifest, steps).map(({ file }) => `not used: ${file}, of a copy that the stack does not have`),
    ...missingLines(notIncluded),
    ...unreadableLines(manifest, outputs),
    `The backup was made at ${createdAt}. What it does not hold stays as it is.`,
  ].join("\n");
}

/** Puts back what a restore that was killed had moved aside. */
async function settle(session: Session, steps: readonly Step[], indices?: SnapshotRestore): Promise<void> {
  const { client } = session;
  const cut: Step[] = [];
  for (const step of steps) if ((await client.inVolume(step.volume, LOOK)).trim()) cut.push(step);
  const cutIndices = await indices?.isCutOff();
  if (cut.length === 0 && !cutIndices) return;
  report("an earlier restore was cut off; putting back what it had moved aside");
  const programs = stoppedFor(session, cut, cutIndices ? indices : undefined);
  await stopAll(session, programs);
  for (const { volume } of cut) await client.inVolume(volume, UNDO);
  if (cutIndices) await indices?.undo();
  await startInTurn(client, programs);
}

/** An interrupt would leave the programs between the old data and the new, so it waits. */
async function uninterrupted(action: () => Promise<void>): Promise<void> {
  const wait = () => report("this can not be interrupted now; it ends within minutes");
  process.on("SIGINT", wait).on("SIGTERM", wait);
  try {
    await action();
  } finally {
    process.off("SIGINT", wait).off("SIGTERM", wait);
  }
}

/** Programs whose volumes are exchanged, and those that write to Elasticsearch, in the order of the outputs. */
function stoppedFor({ outputs }: Session, steps: readonly Step[], indices?: SnapshotRestore): ProgramOutput[] {
  const names = new Set(
    [...steps.map(({ program }) => program), ...(indices?.writers() ?? [])].map(({ name }) => name),
  );
  return outputs.programs.filter(({ name }) => names.has(name));
}

/**
 * Beside the data that is there; the programs go on.
 *
 * @param more what else is to be ready before anything is exchanged.
 */
async function unpack(
  { client }: Session,
  steps: readonly Step[],
  source: string,
  more: () => Promise<void> | undefined,
): Promise<void> {
  try {
    for (const { archive, program, volume } of steps) {
      report(`unpacking ${program.name}`);
      await client.inVolume(volume, PREPARE);
      await client.write(volume, NEW, readArchive(path.join(source, archive.file)));
      const found = Number((await client.inVolume(volume, COUNT)).trim());
      if (found < archive.entries)
        throw new Error(`${archive.file}: ${found} of its ${archive.entries} entries arrived in ${volume}`);
    }
    await more();
  } catch (error) {
    for (const { volume } of steps) await client.inVolume(volume, DISCARD);
    throw new Error(`nothing was restored, and the data is as it was: ${(error as Error).message}`);
  }
}

interface Exchange {
  /** What Elasticsearch keeps, where the backup holds it. */
  readonly indices?: SnapshotRestore;
  /**
   * How long the programs may take to be healthy with the new data.
   * @default 180
   */
  readonly seconds?: number;
}

/**
 * Puts the unpacked data in the place of the old, with the programs stopped.
 *
 * @throws Error when they do not come up with it; the old data is back then.
 */
export async function exchange(
  session: Session,
  steps: readonly Step[],
  { indices, seconds = HEALTH_SECONDS }: Exchange,
): Promise<void> {
  const { client } = session;
  const programs = stoppedFor(session, steps, indices);
  try {
    await stopAll(session, programs);
    for (const { volume } of steps) await client.inVolume(volume, SWAP);
    await indices?.exchange();
    await startAll(session, programs, seconds);
  } catch (error) {
    report("putting the old data back");
    const reason = (error as Error).message;
    await stopAll(session, programs);
    for (const { volume } of steps) await client.inVolume(volume, UNDO);
    const lost = await indices?.undo().then(
      () => indices.discard(),
      (failure: Error) => failure.message,
    );
    await startInTurn(client, programs);
    if (lost === undefined) throw new Error(`nothing was restored, and the old data is back: ${reason}`);
    throw new Error(
      `nothing was restored: ${reason}\nThe old data is back, but for Elasticsearch's: ${lost}\n` +
        "It is in a snapshot; run the restore again, which brings it back first.",
    );
  }
  for (const { volume } of steps) await client.inVolume(volume, FINISH);
}

/** What sends to another program comes after it in the outputs, and is stopped before it: it would wait for an answer. */
async function stopAll({ client }: Session, programs: readonly ProgramOutput[]): Promise<void> {
  report(`stopping ${programs.map(({ name }) => name).join(", ")}`);
  for (const program of [...programs].reverse()) await client.stop(program);
}

/** @throws Error that names the programs that do not come up. */
async function startAll(
  { client, outputs }: Session,
  programs: readonly ProgramOutput[],
  seconds: number,
): Promise<void> {
  report("starting them with the restored data");
  await startInTurn(client, programs);
  const prometheus = await client.reach(programNamed(outputs, "prometheus"));
  const states = await waitForHealth(client, programs, prometheus, seconds);
  const ill = states.filter(({ health }) => health !== "healthy");
  if (ill.length > 0) {
    const named = ill.map(
      ({ program, health, detail }) => `${program.name} is ${health}: ${detail ?? "no reason known"}`,
    );
    throw new Error(named.join("; "));
  }
}

/** What Grafana is told as its administrator's password counts only for a new database; a restored one has its own. */
const SET_PASSWORD =
  'grafana cli --homepath /usr/share/grafana admin reset-admin-password --password-from-stdin < "$GF_SECURITY_ADMIN_PASSWORD__FILE"';

async function setGrafanaPassword({ client }: Session, steps: readonly Step[]): Promise<void> {
  const grafana = steps.find(({ program }) => program.name === "grafana")?.program;
  if (grafana === undefined || (await client.state(grafana)).standIn) return;
  const { succeeded, output } = await client.exec(grafana, ["sh", "-c", SET_PASSWORD]);
  if (succeeded) return;
  report(`Grafana has the password of the backup, since setting the stack's failed: ${output.trim()}`);
}
