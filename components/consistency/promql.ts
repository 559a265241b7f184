import type { parser as Parser } from "@prometheus-io/lezer-promql";

/** A part of a query. */
export type Node = ReturnType<typeof Parser.parse>["topNode"];

export interface Matcher {
  readonly label: string;
  readonly operator: "=" | "!=" | "=~" | "!~";
  readonly value: string;
  /** Offset in the query. */
  readonly at: number;
}

export interface Selector {
  /** Left out where the metric is chosen by a matcher on `__name__` that is no plain name. */
  readonly name?: string;
  /** The name that stands before the braces, if one does. */
  readonly outside?: string;
  readonly matchers: readonly Matcher[];
  readonly at: number;
}

/** Something wrong at an offset of a query. */
export interface Finding {
  readonly at: number;
  readonly what: string;
  readonly fix: string;
}

/**
 * Parses a query.
 *
 * The parser is loaded with the first query, since a preview without rules of the user's own needs none.
 *
 * @returns the tree, or what is wrong with the syntax.
 */
export function parseQuery(query: string): { readonly tree: Node } | { readonly error: Finding } {
  if (query.trim() === "") {
    return { error: { at: 0, what: "the query is empty", fix: "Write an expression in PromQL." } };
  }
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { parser } = require("@prometheus-io/lezer-promql") as { parser: typeof Parser };
  const tree = parser.parse(query).topNode;
  const error = firstError(tree);
  return error === undefined ? { tree: tree.firstChild ?? tree } : { error: syntaxError(query, error) };
}

function firstError(node: Node): Node | undefined {
  if (node.type.isError) return node;
  for (const child of children(node)) {
    const found = firstError(child);
    if (found !== undefined) return found;
  }
  return undefined;
}

function syntaxError(query: string, error: Node): Finding {
  const called = error.prevSibling?.name === "Identifier" && query.slice(error.from).trimStart().startsWith("(");
  if (called) {
    const name = query.slice(error.prevSibling?.from, error.prevSibling?.to);
    return { at: error.from, what: `"${name}" is no function of PromQL`, fix: "Correct its name." };
  }
  const rest = query.slice(error.from).trim();
  const where = rest === "" ? "at its end" : `at "${rest.length > 30 ? `${rest.slice(0, 30)}...` : rest}"`;
  return {
    at: Math.min(error.from, query.trimEnd().length - 1),
    what: `the query breaks off ${where}: this is no valid PromQL`,
    fix: "Look there for a missing bracket, quote, operator or operand.",
  };
}

/** A node's own text; empty without a node. */
export function textOf(node: Node | null | undefined, query: string): string {
  return node ? query.slice(node.from, node.to) : "";
}

/** The operands or arguments that a node consists of, in order. */
export function expressionsIn(node: Node | null): Node[] {
  return node ? children(node).filter(({ name }) => isExpression(name)) : [];
}

function isExpression(name: string): boolean {
  return /(Expr|Selector|Call)$/.test(name)
    ? !/^(Offset)?DurationExpr$/.test(name)
    : /^(Number|String)\w*Literal$/.test(name);
}

/** The parts that a node consists of, in order. */
export function children(node: Node): Node[] {
  const found: Node[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) found.push(child);
  return found;
}

/** Every selector of a query, in order. */
export function selectorsOf(node: Node, query: string): Selector[] {
  if (node.name === "VectorSelector") return [readSelector(node, query)];
  return children(node).flatMap((child) => selectorsOf(child, query));
}

/** Reads a `VectorSelector`. */
export function readSelector(node: Node, query: string): Selector {
  const text = (part: Node | null | undefined) => textOf(part, query);
  const identifier = node.getChild("Identifier");
  const parts = node.getChild("LabelMatchers");
  const found = (parts ? children(parts) : []).filter(({ name }) => /^(Unq|Q)uotedLabel(Matcher|Name)$/.test(name));
  const matchers = found.map((part): Matcher => {
    // A text alone is the metric's name.
    if (part.name === "QuotedLabelName") {
      return { label: "__name__", operator: "=", value: unquote(text(part)), at: part.from };
    }
    const label = part.getChild("LabelName") ?? part.getChild("QuotedLabelName");
    return {
      label: unquote(text(label)),
      operator: text(part.getChild("MatchOp")) as Matcher["operator"],
      value: unquote(text(part.getChild("StringLiteral"))),
      at: part.from,
    };
  });
  const inside = matchers.find(({ label, operator }) => label === "__name__" && operator === "=")?.value;
  const outside = identifier ? text(identifier) : undefined;
  const name = outside ?? inside;
  return {
    ...(name === undefined ? {} : { name }),
    ...(outside === undefined ? {} : { outside }),
    matchers,
    at: node.from,
  };
}

/** The text that a string stands for; one that is not valid is taken as it is written. */
export function unquote(text: string): string {
  const inner = /^(["'`])(.*)\1$/s.exec(text);
  if (inner === null) return text;
  const [, quote, written = ""] = inner;
  return quote === "`" ? written : written.replace(ESCAPE, unescape);
}

const ESCAPE = /\\(?:([0-3][0-7]{2})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/gs;
const CONTROL: Readonly<Record<string, string>> = {
  ...{ a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" },
};

function unescape(escape: string, octal?: string, ...rest: (string | undefined)[]): string {
  const [hex] = rest.slice(0, 3).filter((digits) => digits !== undefined);
  if (octal !== undefined) return String.fromCharCode(parseInt(octal, 8));
  if (hex !== undefined) return String.fromCodePoint(Math.min(parseInt(hex, 16), 0x10ffff));
  const char = rest[3] as string;
  return CONTROL[char] ?? (/["'\\]/.test(char) ? char : escape);
}
