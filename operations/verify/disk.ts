import { failed, ok, warning, type Check } from "../checks";
import type { VolumeUse } from "../platform/client";
import type { Session } from "../session";
import { size } from "../table";

/** Shares of a disk that are too little to have left: stores stop writing before a disk is full. */
const TOO_LITTLE = 0.05;
const LITTLE = 0.1;

const FIX = "free some, move the data to a larger disk, or shorten a retention";

/** Whether the disks below the volumes have room. */
export async function disks({ client, outputs }: Session): Promise<Check[]> {
  const existing = new Set(await client.volumes());
  const data = outputs.programs.flatMap((program) =>
    program.data.map(({ handle }) => ({ name: program.name, handle })),
  );
  const missing = data.filter(({ handle }) => !existing.has(handle));
  const present = data.filter(({ handle }) => existing.has(handle));
  const use = await client.use(present.map(({ handle }) => handle));
  const seen = new Set(use.map(({ volume }) => volume));
  const unseen = present.filter(({ handle }) => !seen.has(handle));
  return [
    ...unseen.map(({ name, handle }) => warning("disk", name, `its volume ${handle} can not be looked into`)),
    ...missing.map(({ name, handle }) => failed("disk", name, `its volume ${handle} is not there`)),
    ...diskChecks(use),
  ];
}

/** One check for each disk. */
export function diskChecks(volumes: readonly VolumeUse[]): Check[] {
  const byDisk = new Map<string, VolumeUse[]>();
  for (const use of volumes) {
    const key = `${use.disk} ${use.total}`;
    byDisk.set(key, [...(byDisk.get(key) ?? []), use]);
  }
  return [...byDisk.values()].map((sharing) => {
    const { free, total } = sharing[0] as VolumeUse;
    const subject = sharing.length === 1 ? (sharing[0] as VolumeUse).volume : `${sharing.length} volumes`;
    const detail = `${size(free)} of ${size(total)} left`;
    if (free < total * TOO_LITTLE) return failed("disk", subject, `nearly full: ${detail}`, FIX);
    if (free < total * LITTLE) return warning("disk", subject, `filling up: ${detail}`, FIX);
    return ok("disk", subject, detail);
  });
}
