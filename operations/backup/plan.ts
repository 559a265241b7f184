import semver from "semver";

import type { KeptData } from "../../components/platform/platform";
import type { ProgramOutput, ResolvedOutputs } from "../../components/stack-outputs";
import { UsageError } from "../fail";
import type { VolumeUse } from "../platform/client";
import { size } from "../table";
import type { ArchivedVolume, Manifest } from "./manifest";
import { SNAPSHOTS } from "./snapshots";

/** An archive, and the volume of the running stack that gets its content. */
export interface Step {
  readonly archive: ArchivedVolume;
  readonly program: ProgramOutput;
  /** What the platform calls the volume. */
  readonly volume: string;
}

/**
 * What a restore would do.
 *
 * @throws UsageError when the backup is of another stack, holds data of a program that the stack does not have, or was
 * written by a newer release than the one that would read it.
 */
export function planOf(
  manifest: Manifest,
  stack: string,
  { programs }: Pick<ResolvedOutputs, "programs">,
  fromOtherStack: boolean,
): Step[] {
  if (manifest.stack !== stack && !fromOtherStack)
    throw new UsageError(
      `the backup is of the stack "${manifest.stack}", not of "${stack}"; to take it, add --from-other-stack`,
    );
  return manifest.volumes.flatMap((archive) => {
    const program = programs.find(({ name }) => name === archive.program);
    const data = program && placeOf(archive, program);
    if (program === undefined || data === undefined) {
      if (program && isSpareCopy(archive, program)) return [];
      throw new UsageError(
        `the backup holds data of ${archive.program}, which the stack "${stack}" does not keep; deploy a stack with it first`,
      );
    }
    if (isNewer(archive.image, program.image))
      throw new UsageError(
        `the backup was written by ${archive.image}, which is newer than the stack's ${program.image}`,
      );
    return [{ archive, program, volume: data.handle }];
  });
}

/** Archives of copies that the stack does not have, and whose content the other copies hold as well. */
export function unusedOf({ volumes }: Manifest, steps: readonly Step[]): ArchivedVolume[] {
  return volumes.filter((volume) => !steps.some(({ archive }) => archive === volume));
}

/** Programs each copy of which holds the same. */
const SAME_IN_EACH = new Set(["prometheus", "alertmanager"]);

/** The number that the data of one of several copies ends with. */
const COPY = /^(.+)-(\d+)$/;

/** The program's data that an archive belongs to: of a program alone it is the first copy's, and the other way round. */
function placeOf({ data }: ArchivedVolume, program: ProgramOutput): KeptData | undefined {
  const named = (wanted: string) => program.data.find(({ name }) => name === wanted);
  const [, base, copy] = COPY.exec(data) ?? [];
  return named(data) ?? named(`${data}-0`) ?? (base !== undefined && copy === "0" ? named(base) : undefined);
}

/**
 * Whether an archive is of a copy that the program has no longer, and nothing is lost with it.
 *
 * @throws UsageError when it is of such a copy, and its data is its own.
 */
function isSpareCopy({ data }: ArchivedVolume, { name, data: kept }: ProgramOutput): boolean {
  const [, base] = COPY.exec(data) ?? [];
  if (base === undefined || !kept.some((one) => one.name === base || one.name === `${base}-0`)) return false;
  if (SAME_IN_EACH.has(name)) return true;
  throw new UsageError(
    `the backup holds "${data}", of a copy of ${name} that the stack does not have. Restore with as many copies as it was made ` +
      `with, and take them away afterwards: pulumi config set --path replicas.${name} <number>   and deploy`,
  );
}

/** By the tags of the images, without their digests; tags that are no versions are taken as equal. */
function isNewer(written: string, present: string): boolean {
  const [before, now] = [written, present].map((reference) =>
    semver.coerce(reference.replace(/@.*/, "").split(":").at(-1)),
  );
  return before !== null && now !== null && before !== undefined && now !== undefined && semver.gt(before, now);
}

/**
 * Both contents are there for a while, and of a snapshot the indices that are made of it.
 *
 * @throws UsageError when a disk has not the room for that.
 */
export function checkRoomFor(steps: readonly Step[], use: readonly VolumeUse[]): void {
  for (const { disk, free } of use) {
    const here = new Set(use.filter((other) => other.disk === disk).map(({ volume }) => volume));
    const needed = steps
      .filter(({ volume }) => here.has(volume))
      .reduce((sum, { archive }) => sum + archive.unpacked * (archive.data === SNAPSHOTS ? 2 : 1), 0);
    if (needed > free)
      throw new UsageError(
        `the disk below the volumes has ${size(free)} left; unpacking the backup takes ${size(needed)}`,
      );
  }
}
