import type { ProgramOutput, ResolvedOutputs } from "../../components/stack-outputs";
import { UsageError } from "../fail";
import type { PlatformClient } from "../platform/client";
import type { NotIncluded } from "./manifest";
import { ELASTICSEARCH, snapshotVolume } from "./snapshots";

/** What a backup copies, and what it does not. */
export interface Selection {
  readonly programs: readonly ProgramOutput[];
  readonly notIncluded: readonly NotIncluded[];
}

/**
 * The programs that keep data, but for those that are left out on purpose.
 *
 * @param without names of programs to leave out.
 * @throws UsageError when one of them keeps no data, nothing would remain, or Elasticsearch has nowhere to write a snapshot.
 */
export function selectionOf(
  { programs, grafanaDatabase, lokiBucket }: Pick<ResolvedOutputs, "programs" | "grafanaDatabase" | "lokiBucket">,
  without: readonly string[],
): Selection {
  const keeping = programs.filter(({ data }) => data.length > 0);
  const names = keeping.map(({ name }) => name);
  for (const name of without)
    if (!names.includes(name))
      throw new UsageError(
        `--without takes a program of the stack that keeps data, not "${name}"; take some of ${names.join(", ")}`,
      );
  const chosen = keeping.filter(({ name }) => !without.includes(name));
  if (chosen.length === 0) throw new UsageError("nothing would be in the backup: --without names all that keep data");
  const elasticsearch = chosen.find(({ name }) => name === ELASTICSEARCH);
  if (elasticsearch) snapshotVolume(elasticsearch);
  return {
    programs: chosen,
    notIncluded: [
      ...[...new Set(without)].map((what) => ({ what, reason: "left out with --without" })),
      ...(grafanaDatabase
        ? [{ what: `Grafana's PostgreSQL at ${grafanaDatabase}`, reason: "back it up with pg_dump" }]
        : []),
      ...(lokiBucket ? [{ what: `Loki's bucket ${lokiBucket}`, reason: "its store's own copies are its backup" }] : []),
    ],
  };
}

/**
 * The same without Elasticsearch where a program stands in for it, which writes no snapshots.
 *
 * @throws UsageError when nothing would remain.
 */
export async function withoutStandIn(
  { programs, notIncluded }: Selection,
  client: Pick<PlatformClient, "state">,
): Promise<Selection> {
  const elasticsearch = programs.find(({ name }) => name === ELASTICSEARCH);
  if (elasticsearch === undefined || !(await client.state(elasticsearch)).standIn) return { programs, notIncluded };
  const rest = programs.filter((program) => program !== elasticsearch);
  const reason = "a stand-in runs in its place, which keeps no lines and writes no snapshot";
  if (rest.length === 0) throw new UsageError(`nothing would be in the backup: of ${ELASTICSEARCH}, ${reason}`);
  return { programs: rest, notIncluded: [...notIncluded, { what: ELASTICSEARCH, reason }] };
}

/** One line for each thing that a backup does not hold. */
export function missingLines(notIncluded: readonly NotIncluded[]): string[] {
  return notIncluded.map(({ what, reason }) => `not in this backup: ${what}; ${reason}`);
}
