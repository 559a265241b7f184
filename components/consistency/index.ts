import { alertNameProblems, receiverProblems } from "./alertmanager";
import { checkDashboard, dashboardUid, dataSourceProblems, dataSourceUids } from "./dashboards";
import { heapProblems } from "./heaps";
import type { Problem } from "./problem";
import { readRules } from "./rule-file";
import { checkExpressions, crossProblems, documentationProblems, labelProblems } from "./rules";
import { Sources } from "./sources";
import type { StackFiles } from "./stack-files";

export { ConsistencyError, formatProblem, type Problem } from "./problem";
export { priceRules, readPrices, type PriceTable } from "./ai-prices";
export { ruleFilesFor } from "./rule-selection";
export { stackFiles, type StackFiles } from "./stack-files";
export { checkUserRules, type UserRulesContext } from "./user-rules";

/** Where the pages of `docs/runbooks` are published. */
export const RUNBOOK_URL = "https://github.com/pyairtable/pyairtable-monitoring/blob/main/docs/runbooks/";

/**
 * What can be checked in a few milliseconds, at every preview: receivers, the data sources of dashboards, heaps. The rest is
 * proven of the committed files by the tests, for every combination of programs.
 */
export function checkStructure({ memory, alertmanager, dashboards, dataSources }: StackFiles): Problem[] {
  const uids = dataSources.flatMap(({ text }) => dataSourceUids(text));
  return [
    ...memory.flatMap(heapProblems),
    ...alertmanager.flatMap(receiverProblems),
    ...[...dashboards, ...dataSources].flatMap((file) => dataSourceProblems(file, uids)),
  ];
}

/** What the checks of a whole stack need beside its files. */
export interface Surroundings {
  /** File names in `docs/runbooks`. */
  readonly runbooks: readonly string[];
  /** Alerts of rule files that this stack does not load, which routes and inhibitions may name all the same. */
  readonly otherAlerts?: readonly string[];
  /** Metrics of the services beside those of their contract. */
  readonly serviceMetrics?: readonly string[];
}

/**
 * Everything: that each alert's and panel's metric has a source in this stack with the labels that are asked for, that every
 * recorded series is read, that alerts are complete, and what {@link checkStructure} checks.
 */
export function checkConsistency(stack: StackFiles, surroundings: Surroundings): Problem[] {
  const { runbooks, otherAlerts = [], serviceMetrics = [] } = surroundings;
  const sources = new Sources(stack.jobs, stack.programs, serviceMetrics);
  const files = stack.rules.map(({ file, text }) => readRules(file, text));
  const rules = files.flatMap((file) => file.rules);
  const checked = checkExpressions(rules, sources);
  const alerts = rules.filter(({ kind }) => kind === "alert");
  const dashboards = stack.dashboards.map((file) => checkDashboard(file, sources));
  const facts = { runbooks, runbookUrl: RUNBOOK_URL, dashboards: stack.dashboards.map(dashboardUid) };
  const names = [...alerts.map(({ name }) => name), ...otherAlerts];
  return [
    ...checkStructure(stack),
    ...files.flatMap(({ problems }) => problems),
    ...checked.flatMap(({ problems }) => problems),
    ...alerts.flatMap((rule) => [...labelProblems(rule), ...documentationProblems(rule, facts)]),
    ...crossProblems(checked, new Set(dashboards.flatMap(({ metrics }) => metrics))),
    ...dashboards.flatMap(({ problems }) => problems),
    ...stack.alertmanager.flatMap((file) => alertNameProblems(file, names)),
  ];
}
