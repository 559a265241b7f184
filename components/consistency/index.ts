import { alertNameProblems } from "./alertmanager";
import { checkDashboard, dashboardUid } from "./dashboards";
import type { Problem } from "./problem";
import { readRules } from "./rule-file";
import { checkExpressions, crossProblems, documentationProblems, labelProblems } from "./rules";
import { Sources } from "./sources";
import type { StackFiles } from "./stack-files";
import { checkStructure } from "./structure";
import { RUNBOOK_URL, type Surroundings } from "./surroundings";

export { ConsistencyError, formatProblem, type Problem } from "./problem";
export { priceRules, readPrices, type PriceTable } from "./ai-prices";
export { ruleFilesFor } from "./rule-selection";
export { contentHash, isProven } from "./proven";
export { stackFiles, type StackFiles } from "./stack-files";
export { readSurroundings, type Surroundings } from "./surroundings";
export { checkStructure } from "./structure";
export { checkUserRules, type UserRulesContext } from "./user-rules";

/**
 * Everything: that each alert's and panel's metric has a source in this stack with the labels that are asked for, that every
 * recorded series is read, that alerts are complete, and what {@link checkStructure} checks. The users' rules count as
 * sources and readers; what is wrong with them {@link checkUserRules} says.
 */
export function checkConsistency(stack: StackFiles, surroundings: Surroundings): Problem[] {
  const { runbooks, otherAlerts = [], serviceMetrics = [] } = surroundings;
  const sources = new Sources(stack.jobs, stack.programs, serviceMetrics);
  const files = stack.rules.map(({ file, text }) => readRules(file, text));
  const rules = files.flatMap((file) => file.rules);
  const userRules = stack.userRules.flatMap(({ file, text }) => readRules(file, text).rules);
  const everything = checkExpressions([...rules, ...userRules], sources);
  const checked = everything.slice(0, rules.length);
  const alerts = rules.filter(({ kind }) => kind === "alert");
  const dashboards = stack.dashboards.map((file) => checkDashboard(file, sources));
  const facts = { runbooks, runbookUrl: RUNBOOK_URL, dashboards: stack.dashboards.map(dashboardUid) };
  const names = [...[...alerts, ...userRules].map(({ name }) => name), ...otherAlerts];
  const readElsewhere = [...dashboards, ...everything.slice(rules.length).map(({ report }) => report)];
  return [
    ...checkStructure(stack),
    ...files.flatMap(({ problems }) => problems),
    ...checked.flatMap(({ problems }) => problems),
    ...alerts.flatMap((rule) => [...labelProblems(rule), ...documentationProblems(rule, facts)]),
    ...crossProblems(checked, new Set(readElsewhere.flatMap(({ metrics }) => metrics))),
    ...dashboards.flatMap(({ problems }) => problems),
    ...stack.alertmanager.flatMap((file) => alertNameProblems(file, names)),
  ];
}
