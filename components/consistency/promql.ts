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
  const text = (part: Node | null | undefined) => (part ? query.slice(part.from, part.to) : "");
  const identifier = node.getChild("Identifier");
  const parts = node.getChild("LabelMatchers");
  const quoted = parts?.getChild("QuotedLabelName");
  const found = parts ? children(parts).filter(({ name }) => /^(Unq|Q)uotedLabelMatcher$/.test(name)) : [];
  const matchers = found.map((matcher): Matcher => {
    const label = matcher.getChild("LabelName") ?? matcher.getChild("QuotedLabelName");
    return {
      label: unquote(text(label)),
      operator: text(matcher.getChild("MatchOp")) as Matcher["operator"],
      value: unquote(text(matcher.getChild("StringLiteral"))),
      at: matcher.from,
    };
  });
  const byLabel = matchers.find(({ label, operator }) => label === "__name__" && operator === "=");
  const name = identifier ? text(identifier) : quoted ? unquote(text(quoted)) : byLabel?.value;
  return { ...(name === undefined ? {} : { name }), matchers, at: node.from };
}

/** The text between the quotes of a string. Escapes stay as they are, except that of a quote. */
export function unquote(text: string): string {
  return /^(["'`]).*\1$/s.test(text) ? text.slice(1, -1).replace(/\\(["'\\])/g, "$1") : text;
}
