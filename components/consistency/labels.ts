import { kindOf } from "./kinds";
import { children, expressionsIn, readSelector, textOf, unquote, type Finding, type Node } from "./promql";

/** Names of the labels that a series can have; `any` where nobody knows. */
export type Labels = ReadonlySet<string> | "any";

/** The labels of a metric's series; `undefined` when nothing exports it. */
export type LabelsOf = (metric: string | undefined) => Labels | undefined;

const NO_LABELS: Labels = new Set<string>();

/** What {@link inferLabels} found out. */
export interface Inference {
  /** Labels of the query's result. */
  readonly labels: Labels;
  /** Labels that are grouped or matched by and that nothing there has. */
  readonly findings: readonly Finding[];
}

/**
 * Works out which labels the result of a query can have.
 *
 * @param labelsOf the labels of a metric; an unknown one counts as having any, since it is reported elsewhere.
 */
export function inferLabels(tree: Node, query: string, labelsOf: LabelsOf): Inference {
  const walk = new Walk(query, labelsOf);
  return { labels: walk.visit(tree), findings: walk.findings };
}

class Walk {
  readonly findings: Finding[] = [];

  constructor(
    private readonly query: string,
    private readonly labelsOf: LabelsOf,
  ) {}

  visit(node: Node): Labels {
    switch (node.name) {
      case "VectorSelector":
        return this.labelsOf(readSelector(node, this.query).name) ?? "any";
      case "AggregateExpr":
        return this.aggregate(node);
      case "FunctionCall":
        return this.call(node);
      case "BinaryExpr":
        return this.binary(node);
      default: {
        // Numbers and texts have none; brackets, ranges, a sign, an offset or an @ change none.
        const [operand] = expressionsIn(node);
        return operand ? this.visit(operand) : NO_LABELS;
      }
    }
  }

  private aggregate(node: Node): Labels {
    const operands = expressionsIn(node.getChild("FunctionCallBody"));
    const operand = operands.at(-1);
    const name = this.text(node.getChild("AggregateOp")).toLowerCase();
    if (operand === undefined) return "any";
    const labels = this.visit(operand);
    if (/^(topk|bottomk|limitk|limit_ratio)$/.test(name)) return labels;
    const modifier = node.getChild("AggregateModifier");
    const grouped = this.groupingOf(modifier);
    if (modifier?.getChild("Without")) return minus(labels, grouped.names);
    this.expectLabels(grouped.nodes, labels, `${name}() groups by`);
    const counted = name === "count_values" ? [unquote(this.text(operands[0]))] : [];
    return new Set([...grouped.names, ...counted]);
  }

  private call(node: Node): Labels {
    const name = this.text(node.getChild("FunctionIdentifier"));
    const operands = expressionsIn(node.getChild("FunctionCallBody"));
    const given = operands.map((operand) => ({ kind: kindOf(operand, this.query), labels: this.visit(operand) }));
    if (name.startsWith("absent")) return "any";
    const labels = given.find(({ kind }) => kind === "vector" || kind === "range")?.labels;
    if (labels === undefined || name === "scalar") return NO_LABELS;
    if (name.startsWith("histogram_quantile")) return minus(labels, ["le"]);
    if (name !== "label_replace" && name !== "label_join") return labels;
    return union(labels, new Set([unquote(this.text(operands[1]))]));
  }

  private binary(node: Node): Labels {
    const [left, right] = expressionsIn(node);
    if (left === undefined || right === undefined) return NO_LABELS;
    const operator = children(node).find(({ from }) => from >= left.to)?.name ?? "";
    const [a, b] = [this.visit(left), this.visit(right)];
    const modifier = node.getChild("MatchingModifierClause");
    if (modifier?.getChild("On")) {
      const { nodes } = this.groupingOf(modifier);
      for (const labels of [a, b]) this.expectLabels(nodes, labels, "the match is on");
    }
    if (kindOf(left, this.query) === "scalar") return b;
    if (kindOf(right, this.query) === "scalar") return a;
    return this.labelsOfMatch(operator, modifier, a, b);
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
    return textOf(node, this.query);
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

function minus(labels: Labels, names: readonly string[]): Labels {
  return labels === "any" ? labels : new Set([...labels].filter((label) => !names.includes(label)));
}

function union(a: Labels, b: Labels): Labels {
  return a === "any" || b === "any" ? "any" : new Set([...a, ...b]);
}
