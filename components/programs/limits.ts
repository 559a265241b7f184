import type { ProgramResources } from "../settings/settings";

/** The soft memory limit of a Go program: it collects garbage harder before the container's limit ends it. */
export function goHeap(resources: ProgramResources): Readonly<Record<string, string>> {
  return { GOMEMLIMIT: `${Math.floor(resources.heap / 2 ** 20)}MiB` };
}
