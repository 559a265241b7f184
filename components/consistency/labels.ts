import { children, readSelector, unquote, type Finding, type Node } from "./promql";

/** Names of the labels that a series can have; `any` where nobody knows. */
export type Labels = ReadonlySet<string> | "any";

/** The labels of a metric's series; `undefined` when nothing exports it. */
export type LabelsOf = (metric: string | undefined) => Labels | undefined;

type Kind = "scalar" | "string" | "vector" | "range";

interface Result {
  readonly kind: Kind;
  readonly labels: Labels;
}

const NO_LABELS: Labels = new Set<string>();
const SCALAR: Result = { kind: "scalar", labels: NO_LABELS };
const SET_OPERATORS = ["And", "Or", "Unless"];
const OVER_A_RANGE =
  /^(\w+_over_time|rate|irate|increase|delta|idelta|deriv|predict_linear|double_exponential_smoothing|resets|changes)$/;
const SCALAR_FUNCTIONS = ["time", "scalar", "pi"];

/** What {@link inferLabels} found out. */
export interface Inference {
  /** Labels of the query's result. */
  readonly labels: Labels;
  /** Operands of a wrong kind, and labels that are grouped or matched by and that nothing there has. */
  readonly findings: readonly Finding[];
}

/**
 * Works out which labels the result of a query can have.
 *
 * @param labelsOf the labels of a metric; an unknown one counts as having any, since it is reported elsewhere.
 */
export function inferLabels(tree: Node, query: string, labelsOf: LabelsOf): Inference {
  const walk = new Walk(query, labelsOf);
  const result = walk.visit(tree);
  if (result.kind === "range" || result.kind === "string") {
    const fix = result.kind === "range" ? "Apply a function such as rate() to it." : "Write an expression.";
    walk.findings.push({ at: tree.from, what: `the query gives a ${result.kind}, not a value at a time`, fix });
  }
  return { labels: result.labels, findings: walk.findings };
}

class Walk {
  readonly findings: Finding[] = [];

  constructor(
    private readonly query: string,
    private readonly labelsOf: LabelsOf,
  ) {}

  visit(node: Node): Result {
    switch (node.name) {
      case "VectorSelector":
        return { kind: "vector", labels: this.labelsOf(readSelector(node, this.query).name) ?? "any" };
      case "MatrixSelector":
      case "SubqueryExpr":
        return { kind: "range", labels: this.visitFirst(node).labels };
      case "NumberDurationLiteral":
        return SCALAR;
      case "StringLiteral":
        return { kind: "string", labels: NO_LABELS };
      case "AggregateExpr":
        return this.aggregate(node);
      case "FunctionCall":
        return this.call(node);
      case "BinaryExpr":
        return this.binary(node);
      default:
        // Brackets, a sign, an offset or an @ change no label.
        return this.visitFirst(node);
    }
  }

  private visitFirst(node: Node): Result {
    const operand = children(node).find(({ name }) => isExpression(name));
    return operand ? this.visit(operand) : SCALAR;
  }

  private operandsOf(body: Node | null): { node: Node; result: Result }[] {
    return (body ? children(body) : [])
      .filter(({ name }) => isExpression(name))
      .map((node) => ({ node, result: this.visit(node) }));
  }

  private aggregate(node: Node): Result {
    const operands = this.operandsOf(node.getChild("FunctionCallBody"));
    const operand = operands.at(-1);
    const name = this.text(node.getChild("AggregateOp"));
    if (operand === undefined) return { kind: "vector", labels: "any" };
    this.expectKind(operand, ["vector"], `${name}()`);
    const { labels } = operand.result;
    if (/^(topk|bottomk|limitk|limit_ratio)$/.test(name)) return { kind: "vector", labels };
    const modifier = node.getChild("AggregateModifier");
    const grouped = this.groupingOf(modifier);
    if (modifier?.getChild("Without")) return { kind: "vector", labels: minus(labels, grouped.names) };
    this.expectLabels(grouped.nodes, labels, `${name}() groups by`);
    const counted = name === "count_values" ? [unquote(this.text(operands[0]?.node))] : [];
    return { kind: "vector", labels: new Set([...grouped.names, ...counted]) };
  }

  private call(node: Node): Result {
    const name = this.text(node.getChild("FunctionIdentifier"));
    const operands = this.operandsOf(node.getChild("FunctionCallBody"));
    const overRange = OVER_A_RANGE.test(name) || name === "absent_over_time";
    if (overRange && !operands.some(({ result }) => result.kind === "range")) {
      const fix = `Give it one: ${name}(...[5m]).`;
      this.findings.push({ at: node.from, what: `${name}() needs a range of time`, fix });
    }
    if (!overRange)
      for (const operand of operands) this.expectKind(operand, ["scalar", "string", "vector"], `${name}()`);
    if (SCALAR_FUNCTIONS.includes(name)) return SCALAR;
    const vector = operands.find(({ result }) => result.kind === "vector" || result.kind === "range");
    return { kind: "vector", labels: this.labelsAfter(name, vector?.result.labels, operands) };
  }

  private labelsAfter(name: string, labels: Labels | undefined, operands: readonly { node: Node }[]): Labels {
    if (name.startsWith("absent") || name === "info") return "any";
    if (labels === undefined) return NO_LABELS;
    if (name.startsWith("histogram_quantile")) return minus(labels, ["le"]);
    if (name === "label_replace" || name === "label_join") {
      const target = unquote(this.text(operands[1]?.node));
      return labels === "any" ? labels : new Set([...labels, target]);
    }
    return labels;
  }

  private binary(node: Node): Result {
    const [left, right] = children(node).filter(({ name }) => isExpression(name));
    if (left === undefined || right === undefined) return SCALAR;
    const sides = [left, right].map((side) => ({ node: side, result: this.visit(side) }));
    const operator = children(node).find(({ from }) => from >= left.to)?.name ?? "";
    const allowed: Kind[] = SET_OPERATORS.includes(operator) ? ["vector"] : ["scalar", "vector"];
    for (const side of sides) this.expectKind(side, allowed, `"${this.text(node.getChild(operator))}"`);
    const [a, b] = sides.map(({ result }) => result) as [Result, Result];
    const modifier = node.getChild("MatchingModifierClause");
    if (modifier?.getChild("On")) {
      const { nodes } = this.groupingOf(modifier);
      for (const { labels } of [a, b]) this.expectLabels(nodes, labels, "the match is on");
    }
    if (a.kind === "scalar") return { ...b, kind: b.kind === "scalar" ? "scalar" : "vector" };
    if (b.kind === "scalar") return { ...a, kind: "vector" };
    return { kind: "vector", labels: this.labelsOfMatch(operator, modifier, a.labels, b.labels) };
  }

  private labelsOfMatch(operator: string, modifier: Node | null, a: Labels, b: Labels): Labels {
    if (operator === "Or") return union(a, b);
    if (operator === "And" || operator === "Unless") return a;
    const [matched, included] = modifier
      ? modifier.getChildren("GroupingLabels").map((part) => this.namesOf(part))
      : [];
    if (modifier?.getChild("GroupLeft")) return union(a, new Set(included));
    if (modifier?.getChild("GroupRight")) return union(b, new Set(included));
    if (modifier?.getChild("On")) return new Set(matched);
    return minus(a, modifier?.getChild("Ignoring") ? (matched ?? []) : []);
  }

  private groupingOf(modifier: Node | null): { nodes: Node[]; names: string[] } {
    const part = modifier?.getChild("GroupingLabels");
    const nodes = part ? children(part) : [];
    return { nodes, names: part ? this.namesOf(part) : [] };
  }

  private namesOf(part: Node): string[] {
    return children(part).map((label) => unquote(this.text(label)));
  }

  private text(node: Node | null | undefined): string {
    return node ? this.query.slice(node.from, node.to) : "";
  }

  private expectKind({ node, result }: { node: Node; result: Result }, allowed: readonly Kind[], where: string): void {
    if (allowed.includes(result.kind)) return;
    const what = `${where} cannot take a ${result.kind}, such as "${this.text(node)}"`;
    const fix = result.kind === "range" ? "Apply a function such as rate() to it." : "Give it a selector.";
    this.findings.push({ at: node.from, what, fix });
  }

  private expectLabels(nodes: readonly Node[], labels: Labels, how: string): void {
    if (labels === "any") return;
    for (const node of nodes) {
      const name = unquote(this.text(node));
      if (labels.has(name)) continue;
      const known = [...labels].sort().join(", ");
      const fix = known === "" ? "There are no labels left at that point." : `Labels there are: ${known}.`;
      this.findings.push({ at: node.from, what: `${how} label "${name}", which no series there has`, fix });
    }
  }
}

function isExpression(name: string): boolean {
  return /(Expr|Selector|Call)$/.test(name)
    ? !/^(Offset)?DurationExpr$/.test(name)
    : /^(Number|String)\w*Literal$/.test(name);
}

function minus(labels: Labels, names: readonly string[]): Labels {
  return labels === "any" ? labels : new Set([...labels].filter((label) => !names.includes(label)));
}

function union(a: Labels, b: Labels): Labels {
  return a === "any" || b === "any" ? "any" : new Set([...a, ...b]);
}
