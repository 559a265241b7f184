import { receiverProblems } from "./alertmanager";
import { dataSourceProblems, dataSourceUids } from "./data-sources";
import { heapProblems } from "./heaps";
import type { Problem } from "./problem";
import type { StackFiles } from "./stack-files";

/**
 * What can be checked in a few milliseconds, at every preview: receivers, the data sources of dashboards, heaps. The rest is
 * proven of the committed files by the tests, see {@link isProven}.
 */
export function checkStructure({ memory, alertmanager, dashboards, dataSources }: StackFiles): Problem[] {
  const uids = dataSources.flatMap(({ text }) => dataSourceUids(text));
  return [
    ...memory.flatMap(heapProblems),
    ...alertmanager.flatMap(receiverProblems),
    ...[...dashboards, ...dataSources].flatMap((file) => dataSourceProblems(file, uids)),
  ];
}
