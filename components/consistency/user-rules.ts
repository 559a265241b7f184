import type { Problem } from "./problem";
import { readRules, type Rule, type RuleFile } from "./rule-file";
import { holdsRules } from "./rule-selection";
import { checkExpressions, labelProblems } from "./rules";
import { Sources, type ScrapeJob } from "./sources";
import type { TextFile } from "./text-file";

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
 * Checks rule files of the users' own before anything is deployed: a Prometheus that refuses its rules does not start.
 *
 * @param files named as the user knows them. Those without a rule cost nothing.
 * @returns every problem at once; none when the files are good.
 */
export function checkUserRules(files: readonly TextFile[], context: UserRulesContext): Problem[] {
  const users = files.filter(holdsRules).map(({ file, text }) => readRules(file, text));
  if (users.length === 0) return [];
  const ownRules = context.rules.flatMap(({ file, text }) => readRules(file, text).rules);
  const userRules = users.flatMap(({ rules }) => rules);
  const sources = new Sources(context.jobs, context.programs, context.serviceMetrics);
  const recordings = ownRules.filter(({ kind }) => kind === "record");
  const checked = checkExpressions([...recordings, ...userRules], sources).slice(recordings.length);
  const problems = [
    ...users.flatMap((user) => [...user.problems, ...groupProblems(user)]),
    ...nameProblems(userRules, ownRules),
    ...userRules.filter(({ kind }) => kind === "alert").flatMap(labelProblems),
    ...checked.flatMap((rule) => rule.problems),
  ];
  return problems.sort((a, b) => order(a, files) - order(b, files) || (a.line ?? 0) - (b.line ?? 0));
}

const order = ({ file }: Problem, files: readonly TextFile[]) => files.findIndex((one) => one.file === file);

/** Prometheus refuses a file that names a group twice. */
function groupProblems({ file, groups }: RuleFile): Problem[] {
  return groups.flatMap(({ name, line }, index) => {
    const first = groups.slice(0, index).find((group) => group.name === name);
    const fix = `Rename one of them; the other stands in line ${first?.line}.`;
    return first ? [{ file, line, what: `a second group is named "${name}"`, fix }] : [];
  });
}

/** An alert's name is its address: routes, silences and inhibitions go by it. A recorded series must have one origin. */
function nameProblems(rules: readonly Rule[], ownRules: readonly Rule[]): Problem[] {
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
