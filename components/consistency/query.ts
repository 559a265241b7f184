import { kindFindings } from "./kinds";
import { inferLabels, type Labels } from "./labels";
import { didYouMean } from "./problem";
import { parseQuery, selectorsOf, type Finding, type Matcher, type Node, type Selector } from "./promql";
import { matcherFindings } from "./matchers";
import { compileRegex } from "./regex";
import type { Sources } from "./sources";

/** What is wrong with a query, and what it reads and gives. */
export interface QueryReport {
  readonly findings: readonly Finding[];
  /** Metrics that it names. */
  readonly metrics: readonly string[];
  /** Labels of its result; `any` for a query that cannot be read. */
  readonly labels: Labels;
}

/** Checks a query in PromQL against everything that the stack exports. */
export function checkQuery(query: string, sources: Sources): QueryReport {
  const parsed = parseQuery(query);
  if ("error" in parsed) return { findings: [parsed.error], metrics: [], labels: "any" };
  const selectors = selectorsOf(parsed.tree, query);
  const { labels, findings } = inferLabels(parsed.tree, query, labelsIn(sources));
  return {
    findings: [
      ...kindFindings(parsed.tree, query),
      ...selectors.flatMap((selector) => [...matcherFindings(selector), ...checkSelector(selector, sources)]),
      ...findings,
    ],
    metrics: selectors.flatMap(({ name }) => name ?? []),
    labels,
  };
}

/** The labels of a query's result, without looking for what is wrong with it. */
export function resultLabels(tree: Node, query: string, sources: Sources): Labels {
  return inferLabels(tree, query, labelsIn(sources)).labels;
}

function labelsIn(sources: Sources) {
  return (metric: string | undefined) => (metric === undefined ? "any" : sources.labelsOf(metric));
}

function checkSelector(selector: Selector, sources: Sources): Finding[] {
  const { name, at } = selector;
  if (name === undefined) return checkByName(selector, sources);
  const labels = sources.labelsOf(name);
  if (labels === undefined) return [unknownMetric(name, at, sources)];
  const missing = labels === "any" ? [] : selector.matchers.filter(({ label }) => !labels.has(label));
  return [
    ...missing
      .filter(({ label }) => label !== "__name__")
      .map((matcher) => unknownLabel(name, matcher, [...(labels as ReadonlySet<string>)])),
    ...(isPushed(name) ? [] : selector.matchers.flatMap((matcher) => checkJob(matcher, sources))),
  ];
}

function unknownMetric(name: string, at: number, sources: Sources): Finding {
  const otherwise = 'A service that exports it is named with: pulumi config set --path "serviceMetrics[0]" <metric>.';
  return {
    at,
    what: `metric "${name}" is exported by nothing in this stack`,
    fix: didYouMean(name, sources.names(), otherwise),
  };
}

function unknownLabel(metric: string, { label, at }: Matcher, labels: readonly string[]): Finding {
  const what = `no series of "${metric}" has the label "${label}"`;
  return { at, what, fix: didYouMean(label, labels, `Its labels are: ${[...labels].sort().join(", ")}.`) };
}

/** What the collector makes of spans has the job of the service that they came from. */
function isPushed(metric: string): boolean {
  return metric.startsWith("traces_span_metrics_");
}

/** A job that does not exist makes an alert silent for ever, or one on `absent()` fire for ever. */
function checkJob({ label, operator, value, at }: Matcher, { jobs }: Sources): Finding[] {
  if (label !== "job" || operator !== "=" || jobs.includes(value)) return [];
  const what = `nothing in this stack is scraped as job "${value}"`;
  return [{ at, what, fix: didYouMean(value, jobs, `Jobs are: ${[...jobs].sort().join(", ")}.`) }];
}

function checkByName({ matchers, at }: Selector, sources: Sources): Finding[] {
  const pattern = matchers.find(({ label, operator }) => label === "__name__" && operator === "=~")?.value;
  const compiled = compileRegex(pattern ?? "");
  // One that cannot be compiled was reported with the matchers.
  if (pattern === undefined || "error" in compiled || sources.names().some((name) => compiled.regex.test(name))) {
    return [];
  }
  return [{ at, what: `no metric of this stack has a name like "${pattern}"`, fix: "Correct the pattern." }];
}
