import type { TextFile } from "./dashboards";
import type { Problem } from "./problem";
import { readRules, type RuleFile } from "./rule-file";
import { checkExpressions, labelProblems } from "./rules";
import { Sources, type ScrapeJob } from "./sources";

/** The stack that a user's rules are added to. {@link stackFiles} gives all but the last. */
export interface UserRulesContext {
  readonly jobs: readonly ScrapeJob[];
  readonly programs: readonly string[];
  /** The rule files of the stack's own. */
  readonly rules: readonly TextFile[];
  /** Names of metrics that the services export beside those of their contract. */
  readonly serviceMetrics: readonly string[];
}

/**
 * Checks a rule file of the user's own before anything is deployed: a Prometheus that refuses its rules does not start.
 *
 * @param fileName as the user wrote it, for the problems.
 * @returns every problem at once; none when the file is good.
 */
export function checkUserRules(text: string, fileName: string, context: UserRulesContext): Problem[] {
  const user = readRules(fileName, text);
  const own = context.rules.filter(({ file }) => file !== fileName).map(({ file, text }) => readRules(file, text));
  const ownRules = own.flatMap(({ rules }) => rules);
  const sources = new Sources(context.jobs, context.programs, context.serviceMetrics);
  const recordings = ownRules.filter(({ kind }) => kind === "record");
  const checked = checkExpressions([...recordings, ...user.rules], sources).slice(recordings.length);
  const alerts = user.rules.filter(({ kind }) => kind === "alert");
  const problems = [
    ...user.problems,
    ...groupProblems(user, fileName),
    ...nameProblems(user, ownRules),
    ...alerts.flatMap(labelProblems),
    ...checked.flatMap(({ problems }) => problems),
  ];
  return problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

/** Prometheus refuses a file that names a group twice. */
function groupProblems({ groups }: RuleFile, file: string): Problem[] {
  return groups.flatMap(({ name, line }, index) => {
    const first = groups.slice(0, index).find((group) => group.name === name);
    const fix = `Rename one of them; the other stands in line ${first?.line}.`;
    return first ? [{ file, line, what: `a second group is named "${name}"`, fix }] : [];
  });
}

/** An alert's name is its address: routes, silences and inhibitions go by it. A recorded series must have one origin. */
function nameProblems({ rules }: RuleFile, ownRules: RuleFile["rules"]): Problem[] {
  return rules.flatMap(({ file, line, name, kind, labels }, index) => {
    const before = [...ownRules, ...rules.slice(0, index)];
    const same = (label: string, value: string) => labels[label] === value;
    const first = before.find(
      (rule) =>
        rule.kind === kind &&
        rule.name === name &&
        // A series may be recorded in parts that differ in their labels.
        (kind === "alert" || Object.entries(rule.labels).every(([label, value]) => same(label, value))),
    );
    if (first === undefined) return [];
    const what = kind === "alert" ? `an alert is named ${name} already` : `the series "${name}" is recorded already`;
    return [{ file, line, what, fix: `Choose another name; the first stands in ${first.file}:${first.line}.` }];
  });
}
