import type { Labels } from "./labels";
import type { Problem } from "./problem";
import { parseQuery } from "./promql";
import { templateFault } from "./template";
import { checkQuery, resultLabels, type QueryReport } from "./query";
import type { Rule } from "./rule-file";
import type { Sources } from "./sources";

export const SEVERITIES = ["critical", "warning", "info"];
export const CATEGORIES = ["critical", "performance", "security", "cost", "business", "stack"];

/** A rule with what its expression reads and gives. */
export interface CheckedRule {
  readonly rule: Rule;
  readonly report: QueryReport;
  readonly problems: readonly Problem[];
}

/**
 * Checks the expressions of all rules of a stack, and that templates show labels which are there.
 *
 * @param sources gets the recorded series as well, for the panels that read them.
 */
export function checkExpressions(rules: readonly Rule[], sources: Sources): CheckedRule[] {
  learnRecordings(rules, sources);
  return rules.map((rule) => {
    const report = checkQuery(rule.expr, sources);
    const findings = report.findings.map(({ at, what, fix }) => ({
      file: rule.file,
      line: rule.lineAt(at),
      what,
      fix,
    }));
    return { rule, report, problems: [...findings, ...(rule.kind === "alert" ? templateProblems(rule, report) : [])] };
  });
}

/**
 * Adds what is recorded to the sources. A recording may read one that stands after it or in another file, so they are gone
 * through until nothing new is learned; each round settles at least one more link of a chain.
 */
function learnRecordings(rules: readonly Rule[], sources: Sources): void {
  const recordings = rules
    .filter(({ kind }) => kind === "record")
    .map(({ name, expr, labels }) => ({ name, expr, labels, parsed: parseQuery(expr) }));
  for (const { name } of recordings) sources.replace(name, "any");
  for (let round = 0; round < recordings.length; round += 1) {
    const before = new Map(recordings.map(({ name }) => [name, sources.labelsOf(name)]));
    const learned = new Map<string, Labels>();
    for (const { name, expr, labels, parsed } of recordings) {
      const given = "tree" in parsed ? resultLabels(parsed.tree, expr, sources) : "any";
      const sofar = learned.get(name) ?? new Set<string>();
      const all = given === "any" || sofar === "any" ? "any" : new Set([...sofar, ...given, ...Object.keys(labels)]);
      learned.set(name, all);
      sources.replace(name, all);
    }
    if ([...learned].every(([name, labels]) => sameLabels(labels, before.get(name)))) return;
  }
}

function sameLabels(a: Labels, b: Labels | undefined): boolean {
  if (a === "any" || b === "any" || b === undefined) return a === b;
  return a.size === b.size && [...a].every((label) => b.has(label));
}

/** What templates say that cannot be read, and labels that they show and nothing has. */
function templateProblems({ file, name, templates }: Rule, { labels: given }: QueryReport): Problem[] {
  return templates.flatMap(({ key, text, line }) => {
    const fault = templateFault(text);
    if (fault) return [{ file, line, what: `${name}: "${key}" ${fault.what}`, fix: fault.fix }];
    const used = [...text.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label as string);
    const missing = given === "any" ? [] : used.filter((label) => !given.has(label));
    return missing.map((label) => ({
      file,
      line,
      what: `${name}: "${key}" shows the label "${label}", which the expression's result does not have`,
      fix: `Its labels are: ${[...(given as ReadonlySet<string>)].sort().join(", ") || "none"}.`,
    }));
  });
}

/** The labels by which alerts are routed. */
export function labelProblems({ file, line, name, labels }: Rule): Problem[] {
  const allowed = { severity: SEVERITIES, category: CATEGORIES };
  return Object.entries(allowed).flatMap(([label, values]) => {
    const value = labels[label];
    if (value !== undefined && values.includes(value)) return [];
    const what = value === undefined ? `has no label "${label}"` : `has "${value}" as its label "${label}"`;
    return [{ file, line, what: `${name} ${what}`, fix: `Routing needs one of: ${values.join(", ")}.` }];
  });
}

/** What a reader of the stack's own alerts can rely on. */
export interface AlertFacts {
  /** File names in `docs/runbooks`. */
  readonly runbooks: readonly string[];
  /** Where runbooks are published; file names follow. */
  readonly runbookUrl: string;
  /** Uids of the dashboards. */
  readonly dashboards: readonly string[];
}

/** Owner, texts, runbook and dashboard of an alert of the stack's own. */
export function documentationProblems(rule: Rule, facts: AlertFacts): Problem[] {
  const { file, line, name, labels, annotations } = rule;
  const problem = (what: string, fix: string): Problem => ({ file, line, what: `${name} ${what}`, fix });
  const runbook = annotations.runbook_url ?? "";
  const page = runbook.startsWith(facts.runbookUrl) ? runbook.slice(facts.runbookUrl.length) : "";
  const dashboard = (annotations.dashboard ?? "").replace(/^https?:\/\/[^/]+/, "");
  return [
    ...(labels.owner ? [] : [problem("has no owner", "Add the label `owner`: a team, or that of the service.")]),
    ...(annotations.summary
      ? []
      : [problem("has no summary", "Add the annotation `summary`: what is wrong, in a line.")]),
    ...(annotations.description?.includes("$value")
      ? []
      : [problem("does not say its value", "Use `{{ $value }}` in the annotation `description`.")]),
    ...(facts.runbooks.includes(page)
      ? []
      : [problem(`has no runbook: "${runbook}"`, "Write the page in docs/runbooks and name it in `runbook_url`.")]),
    ...(facts.dashboards.some((uid) => dashboard === `/d/${uid}`)
      ? []
      : [problem(`leads to no dashboard: "${dashboard}"`, `Use one of: /d/${facts.dashboards.join(", /d/")}.`)]),
  ];
}

/** Names that more than one alert has, and recordings that nothing reads. */
export function crossProblems(checked: readonly CheckedRule[], readElsewhere: ReadonlySet<string>): Problem[] {
  const alerts = new Map<string, Rule>();
  const read = new Set([...readElsewhere, ...checked.flatMap(({ report }) => report.metrics)]);
  return checked.flatMap(({ rule }) => {
    const { file, line, name, kind } = rule;
    if (kind === "record") {
      const fix = "Remove the rule, or use the series in an alert or a panel.";
      return read.has(name) ? [] : [{ file, line, what: `nothing reads the recorded series "${name}"`, fix }];
    }
    const first = alerts.get(name);
    alerts.set(name, first ?? rule);
    const fix = `Rename one of them; the other stands in ${first?.file}:${first?.line}.`;
    return first ? [{ file, line, what: `a second alert is named ${name}`, fix }] : [];
  });
}
