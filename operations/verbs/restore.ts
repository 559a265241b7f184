import path from "node:path";

import { confirm } from "../ask";
import { readArchive } from "../backup/archive";
import { checkArchives, readManifest } from "../backup/manifest";
import { checkRoomFor, planOf, type Step } from "../backup/plan";
import { COUNT, DISCARD, FINISH, LOOK, NEW, PREPARE, SWAP, UNDO } from "../backup/swap";
import type { ProgramOutput } from "../../components/stack-outputs";
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
    console.log(text(steps, manifest.createdAt));
    if (!options.yes) await confirm("What the programs have stored since then will be lost.", options.stack);
    await settle(session, steps);
    await unpack(session, steps, source);
    await uninterrupted(() => exchange(session, steps));
    await setGrafanaPassword(session, steps);
    console.log(`The stack "${options.stack}" runs with the data of ${manifest.createdAt}.`);
    return true;
  });
}

function text(steps: readonly Step[], createdAt: string): string {
  const rows = steps.map(({ program, volume, archive }) => [
    program.name,
    volume,
    size(archive.unpacked),
    archive.image,
  ]);
  return [table(["program", "volume", "data", "written by"], rows), `The backup was made at ${createdAt}.`].join("\n");
}

/** Puts back what a restore that was killed had moved aside. */
async function settle(session: Session, steps: readonly Step[]): Promise<void> {
  const { client } = session;
  const cut: Step[] = [];
  for (const step of steps) if ((await client.inVolume(step.volume, LOOK)).trim()) cut.push(step);
  if (cut.length === 0) return;
  report("an earlier restore was cut off; putting back what it had moved aside");
  const programs = [...new Set(cut.map(({ program }) => program))];
  await stopAll(session, programs);
  for (const { volume } of cut) await client.inVolume(volume, UNDO);
  for (const program of programs) await client.start(program);
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

/** Beside the data that is there; the programs go on. */
async function unpack({ client }: Session, steps: readonly Step[], source: string): Promise<void> {
  try {
    for (const { archive, program, volume } of steps) {
      report(`unpacking ${program.name}`);
      await client.inVolume(volume, PREPARE);
      await client.write(volume, NEW, readArchive(path.join(source, archive.file)));
      const found = Number((await client.inVolume(volume, COUNT)).trim());
      if (found < archive.entries)
        throw new Error(`${archive.file}: ${found} of its ${archive.entries} entries arrived in ${volume}`);
    }
  } catch (error) {
    for (const { volume } of steps) await client.inVolume(volume, DISCARD);
    throw new Error(`nothing was restored, and the data is as it was: ${(error as Error).message}`);
  }
}

/**
 * Puts the unpacked data in the place of the old, with the programs stopped.
 *
 * @param seconds how long the programs may take to be healthy with it.
 * @throws Error when they do not; the old data is back then.
 */
export async function exchange(session: Session, steps: readonly Step[], seconds = HEALTH_SECONDS): Promise<void> {
  const { client } = session;
  const programs = [...new Set(steps.map(({ program }) => program))];
  try {
    await stopAll(session, programs);
    for (const { volume } of steps) await client.inVolume(volume, SWAP);
    await startAll(session, programs, seconds);
  } catch (error) {
    report("putting the old data back");
    await stopAll(session, programs);
    for (const { volume } of steps) await client.inVolume(volume, UNDO);
    for (const program of programs) await client.start(program);
    throw new Error(`nothing was restored, and the old data is back: ${(error as Error).message}`);
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
  for (const program of programs) await client.start(program);
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
