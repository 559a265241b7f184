import { healthOf, type Health } from "../health";
import { programNamed, withStack, type Session } from "../session";
import type { VolumeUse } from "../platform/client";
import { share, size, table } from "../table";

/** How a program is and what it uses, in bytes; nothing where it does not run, keeps no data or nobody says. */
interface ProgramStatus {
  readonly name: string;
  readonly health: Health;
  /** Whether something else holds the program's place. */
  readonly standIn: boolean;
  readonly detail?: string;
  readonly memory: number | null;
  readonly memoryLimit: number;
  readonly disk: number | null;
  readonly diskSize: number | null;
  readonly retention: string | null;
}

/**
 * Prints how the programs are, and their memory and disk beside limits and retention.
 *
 * @returns whether every program is healthy.
 */
export async function status(stack: string, json: boolean): Promise<boolean> {
  return withStack(stack, async (session) => {
    const volumes = await volumesOf(session);
    const programs = await statusOf(session, volumes);
    const disk = diskOf(volumes);
    if (json) console.log(JSON.stringify({ stack, programs, disk: disk ?? null }, undefined, 2));
    else console.log(text(programs, disk));
    return programs.every(({ health }) => health === "healthy");
  });
}

/** What the volumes of the stack's programs hold, as far as they exist. */
async function volumesOf({ client, outputs }: Session): Promise<VolumeUse[]> {
  const existing = new Set(await client.volumes());
  const kept = outputs.programs.flatMap(({ data }) => data.map(({ handle }) => handle));
  return client.use(kept.filter((volume) => existing.has(volume)));
}

/** The disk below the volumes, where they share one. */
function diskOf([first, ...others]: readonly VolumeUse[]): { free: number; total: number } | undefined {
  if (first === undefined || others.some(({ disk }) => disk !== first.disk)) return undefined;
  return { free: first.free, total: first.total };
}

async function statusOf({ client, outputs }: Session, volumes: readonly VolumeUse[]): Promise<ProgramStatus[]> {
  const prometheus = await client.reach(programNamed(outputs, "prometheus"));
  const use = new Map(volumes.map(({ volume, used }) => [volume, used]));
  return Promise.all(
    outputs.programs.map(async (program) => {
      const { health, detail, standIn } = await healthOf(client, program, prometheus);
      const kept = program.data.length > 0;
      const seen = program.data.every(({ handle }) => use.has(handle));
      const total = (values: number[]) => values.reduce((sum, value) => sum + value, 0);
      return {
        name: program.name,
        health,
        standIn,
        ...(detail ? { detail } : {}),
        memory: (await client.memory(program)) ?? null,
        memoryLimit: program.memoryLimit,
        disk: kept && seen ? total(program.data.map(({ handle }) => use.get(handle) ?? 0)) : null,
        diskSize: kept ? total(program.data.map((data) => data.size)) : null,
        retention: program.retention,
      };
    }),
  );
}

function text(programs: readonly ProgramStatus[], disk: { free: number; total: number } | undefined): string {
  const beside = (used: number | null, limit: number | null) =>
    used === null || limit === null ? ["", ""] : [`${size(used)} of ${size(limit)}`, share(used, limit)];
  const rows = programs.map(({ name, health, standIn, memory, memoryLimit, disk: used, diskSize, retention }) => [
    name,
    standIn ? `${health} stand-in` : health,
    ...beside(memory, memoryLimit),
    ...beside(used, diskSize),
    retention ?? "",
  ]);
  return [
    table(["program", "health", "memory", "", "disk", "", "kept for"], rows),
    ...programs.flatMap(({ name, detail }) => (detail ? [`${name}: ${detail}`] : [])),
    ...(disk ? [`The disk below the volumes has ${size(disk.free)} of ${size(disk.total)} left.`] : []),
  ].join("\n");
}
