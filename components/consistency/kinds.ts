import { AGGREGATION_PARAMETERS, EXPERIMENTAL, FUNCTIONS, type Kind, type Signature } from "./functions";
import { children, expressionsIn, textOf, unquote, type Finding, type Node } from "./promql";

const COMPARISONS = ["Eql", "Neq", "Lte", "Lss", "Gte", "Gtr"];
const SET_OPERATORS = ["And", "Or", "Unless"];
/** Keywords that Prometheus takes only with a feature that this stack leaves off. */
const FEATURES = ["FillModifier", "AnchoredExpr", "SmoothedExpr"];
const OPERATIONS = ["BinaryExpr", "UnaryExpr"];
const SHIFTS = ["OffsetExpr", "StepInvariantExpr"];
const NO_DURATION = /^(0[a-z]*|0x0+)+$/;

/** What a part of a query gives; an unknown function counts as giving a vector. */
export function kindOf(node: Node, query: string): Kind {
  switch (node.name) {
    case "MatrixSelector":
    case "SubqueryExpr":
      return "range";
    case "NumberDurationLiteral":
      return "scalar";
    case "StringLiteral":
      return "string";
    case "VectorSelector":
    case "AggregateExpr":
      return "vector";
    case "FunctionCall":
      return FUNCTIONS.get(textOf(node.getChild("FunctionIdentifier"), query))?.gives ?? "vector";
    case "BinaryExpr":
      return expressionsIn(node).every((side) => kindOf(side, query) === "scalar") ? "scalar" : "vector";
    default: {
      // Brackets, a sign, an offset or an @ change no kind.
      const [operand] = expressionsIn(node);
      return operand ? kindOf(operand, query) : "scalar";
    }
  }
}

/** What Prometheus refuses of a query that follows the grammar: operands and arguments of a wrong kind or number. */
export function kindFindings(tree: Node, query: string): Finding[] {
  const check = new Check(query);
  check.visit(tree);
  const kind = kindOf(tree, query);
  if (kind === "range" || kind === "string") {
    const fix = kind === "range" ? "Apply a function such as rate() to it." : "Write an expression.";
    check.findings.push({ at: tree.from, what: `the query gives a ${kind}, not a value at a time`, fix });
  }
  return check.findings;
}

class Check {
  readonly findings: Finding[] = [];

  constructor(private readonly query: string) {}

  visit(node: Node): void {
    if (FEATURES.includes(node.name)) {
      this.#refuse(node, `"${this.#text(node)}" is experimental, and off in this stack`, "Write it without.");
    }
    if (node.name === "AggregateExpr") this.#aggregation(node);
    if (node.name === "FunctionCall") this.#call(node);
    if (node.name === "BinaryExpr") this.#binary(node);
    if (node.name === "UnaryExpr") this.#expect(expressionsIn(node)[0], ["scalar", "vector"], "a sign");
    if (node.name === "MatrixSelector" || node.name === "SubqueryExpr") this.#range(node);
    if (SHIFTS.includes(node.name)) this.#shift(node);
    if (node.name === "StringLiteral") this.#string(node);
    for (const child of children(node)) this.visit(child);
  }

  #aggregation(node: Node): void {
    const name = this.#text(node.getChild("AggregateOp")).toLowerCase();
    const operands = expressionsIn(node.getChild("FunctionCallBody"));
    const parameter = AGGREGATION_PARAMETERS.get(name);
    const takes: Kind[] = parameter ? [parameter, "vector"] : ["vector"];
    this.#arguments(node, name, operands, { takes, optional: 0, repeats: false, gives: "vector" });
  }

  #call(node: Node): void {
    const name = this.#text(node.getChild("FunctionIdentifier"));
    const signature = FUNCTIONS.get(name);
    const operands = expressionsIn(node.getChild("FunctionCallBody"));
    if (signature) this.#arguments(node, name, operands, signature);
    else this.#experimental(node, name);
  }

  #experimental(node: Node, name: string): boolean {
    if (!EXPERIMENTAL.includes(name)) return false;
    this.#refuse(node, `${name}() is experimental, and off in this stack`, "Write the query without it.");
    return true;
  }

  #arguments(node: Node, name: string, operands: readonly Node[], signature: Signature): void {
    if (this.#experimental(node, name)) return;
    const { takes, optional, repeats } = signature;
    const least = takes.length - optional;
    const most = repeats ? Infinity : takes.length;
    if (operands.length < least || operands.length > most) {
      const number = repeats ? `at least ${least}` : least === most ? `${most}` : `${least} to ${most}`;
      const what = `${name}() takes ${number} argument${most === 1 ? "" : "s"}, not ${operands.length}`;
      this.#refuse(node, what, `Write it as ${usage(name, signature)}.`);
      return;
    }
    operands.forEach((operand, index) => {
      const kind = takes[Math.min(index, takes.length - 1)] as Kind;
      const given = kindOf(operand, this.query);
      if (given === kind) return;
      if (kind === "range") {
        this.#refuse(node, `${name}() needs a range of time`, `Give it one: ${name}(...[5m]).`);
      } else {
        this.#refuse(operand, cannotTake(`${name}()`, given, this.#text(operand)), adviceFor(given, kind));
      }
    });
  }

  #binary(node: Node): void {
    const [left, right] = expressionsIn(node);
    if (left === undefined || right === undefined) return;
    const operator = children(node).find(({ from }) => from >= left.to) as Node;
    const sign = this.#text(operator);
    const isSet = SET_OPERATORS.includes(operator.name);
    const compares = COMPARISONS.includes(operator.name);
    const allowed: Kind[] = isSet ? ["vector"] : ["scalar", "vector"];
    const fits = [left, right].map((side) => this.#expect(side, allowed, `"${sign}"`));
    if (fits.includes(false)) return;
    const vectors = [left, right].filter((side) => kindOf(side, this.query) === "vector").length;
    const bool = node.getChild("BoolModifier");
    if (bool && !compares) this.#refuse(bool, `"${sign}" cannot have "bool", which compares`, 'Remove "bool".');
    if (compares && !bool && vectors === 0) {
      const what = `"${this.#text(node)}" compares two numbers, which gives no series`;
      this.#refuse(node, what, `Write "${sign} bool", or compare a series, such as vector(...).`);
    }
    this.#matching(node.getChild("MatchingModifierClause"), isSet, vectors);
  }

  #matching(modifier: Node | null, isSet: boolean, vectors: number): void {
    if (modifier === null) return;
    const [matched = [], included = []] = modifier
      .getChildren("GroupingLabels")
      .map((part) => children(part).map((label) => unquote(this.#text(label))));
    const text = this.#text(modifier);
    const grouped = modifier.getChild("GroupLeft") ?? modifier.getChild("GroupRight");
    if (vectors < 2 && matched.length > 0) {
      this.#refuse(modifier, `"${text}" matches series, and one side is a number`, "Remove it.");
    } else if (isSet && grouped) {
      this.#refuse(modifier, `"and", "or" and "unless" cannot group, as "${text}" does`, "Remove the grouping.");
    }
    const both = modifier.getChild("On") ? matched.filter((label) => included.includes(label)) : [];
    for (const label of both) {
      this.#refuse(modifier, `the label "${label}" is matched and grouped at once`, "Name it in one of the two.");
    }
  }

  #range(node: Node): void {
    const [operand] = expressionsIn(node);
    const text = this.#text(node);
    if (OPERATIONS.includes(operand?.name ?? "")) {
      const range = this.query.slice(operandBefore(node)?.from, node.to);
      this.#refuse(node, `no operator takes a range, such as "${range}"`, "Apply a function such as rate() to it.");
    } else if (node.name === "SubqueryExpr") {
      this.#expect(operand, ["vector"], "a subquery");
    } else if (operand?.name !== "VectorSelector") {
      const fix = `Make it a subquery, such as ${this.#text(operand)}[5m:1m].`;
      this.#refuse(node, `only a metric has a range: "${text}"`, fix);
    }
    if (NO_DURATION.test(this.#text(node.getChild("DurationExpr")))) {
      this.#refuse(node, `the range of "${text}" is empty`, "Write one such as [5m].");
    }
  }

  /** An offset or an @ stands behind a selector, a range or a subquery, each once. */
  #shift(node: Node): void {
    const what = node.name === "OffsetExpr" ? "an offset" : "an @";
    let operand = operandBefore(node);
    while (operand && operand.name !== node.name && SHIFTS.includes(operand.name)) operand = operandBefore(operand);
    if (operand === undefined || ["VectorSelector", "MatrixSelector", "SubqueryExpr"].includes(operand.name)) return;
    const fix = "Put it behind the metric or its range, once.";
    this.#refuse(node, `${what} cannot stand behind "${this.#text(operand)}"`, fix);
  }

  #string(node: Node): void {
    const text = this.#text(node);
    const quote = text[0] as string;
    if (text.length < 2 || !text.endsWith(quote)) {
      this.#refuse(node, `the text ${text} has no closing quote`, `End it with ${quote}.`);
    }
    if (quote === "`") return;
    const known = new RegExp(
      `^\\\\(?:[abfnrtv\\\\${quote}]|[0-3][0-7]{2}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})`,
    );
    for (const { 0: escape, index } of text.matchAll(/\\./gs)) {
      if (known.test(text.slice(index))) continue;
      const fix = `Write \\${escape} for a backslash, or put the text in backquotes.`;
      this.#refuse(node, `the text ${text} has the unknown escape ${escape}`, fix);
    }
  }

  #expect(operand: Node | undefined, allowed: readonly Kind[], where: string): boolean {
    if (operand === undefined) return true;
    const kind = kindOf(operand, this.query);
    if (allowed.includes(kind)) return true;
    this.#refuse(operand, cannotTake(where, kind, this.#text(operand)), adviceFor(kind, allowed[0] as Kind));
    return false;
  }

  #refuse(node: Node, what: string, fix: string): void {
    this.findings.push({ at: node.from, what, fix });
  }

  #text(node: Node | null | undefined): string {
    return textOf(node, this.query);
  }
}

/** What a range, an offset or an @ stands behind. Prometheus binds them closer than operators, the grammar of the tree does not. */
function operandBefore(node: Node): Node | undefined {
  let operand = expressionsIn(node)[0];
  while (operand && OPERATIONS.includes(operand.name)) operand = expressionsIn(operand).at(-1);
  return operand;
}

function cannotTake(where: string, kind: Kind, text: string): string {
  return `${where} cannot take a ${kind}, such as "${text}"`;
}

function adviceFor(given: Kind, wanted: Kind): string {
  if (given === "range") return "Apply a function such as rate() to it.";
  if (wanted === "scalar") return given === "vector" ? "Give it a number, or scalar(...)." : "Give it a number.";
  return wanted === "string" ? "Give it a text in quotes." : "Give it a selector.";
}

/** How a function is written, such as `round(vector, [scalar])`. */
function usage(name: string, { takes, optional, repeats }: Signature): string {
  const required = takes.length - optional;
  const names = takes.map((kind, index) => (index < required ? kind : `[${kind}]`));
  return `${name}(${[...names, ...(repeats ? ["..."] : [])].join(", ")})`;
}
