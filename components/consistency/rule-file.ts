import type * as Yaml from "yaml";

import { didYouMean, type Problem } from "./problem";

/** One rule of a Prometheus rule file, with the lines it stands on. */
export interface Rule {
  readonly file: string;
  readonly line: number;
  readonly kind: "alert" | "record";
  readonly name: string;
  readonly expr: string;
  /** Line on which the character at an offset of `expr` stands. */
  readonly lineAt: (offset: number) => number;
  /** The group's labels as well. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Texts of labels and annotations, each with the line of its key. */
  readonly templates: readonly Template[];
}

export interface Template {
  readonly key: string;
  readonly text: string;
  readonly line: number;
}

export interface RuleFile {
  readonly file: string;
  readonly rules: readonly Rule[];
  readonly groups: readonly { readonly name: string; readonly line: number }[];
  /** What Prometheus would refuse in the file's form. */
  readonly problems: readonly Problem[];
}

const GROUP_KEYS = ["name", "interval", "query_offset", "limit", "labels", "rules"];
const RULE_KEYS = ["alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations"];
const DURATIONS = ["interval", "query_offset", "for", "keep_firing_for"];
const DURATION = /^(0|(?=\d)(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?)$/;
const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** Reads a rule file. Nothing throws: what is wrong comes back as problems, all of them at once. */
export function readRules(file: string, text: string): RuleFile {
  return new Reader(file, text).read();
}

type Fields = ReadonlyMap<string, { readonly node: Yaml.Node | null; readonly line: number }>;

class Reader {
  // Loaded with the first file: a preview without rules of the user's own reads none.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  readonly #yaml = require("yaml") as typeof Yaml;
  readonly #lines = new this.#yaml.LineCounter();
  readonly #document: Yaml.Document.Parsed;
  readonly #rules: Rule[] = [];
  readonly #groups: { name: string; line: number }[] = [];
  readonly #problems: Problem[] = [];

  constructor(
    private readonly file: string,
    text: string,
  ) {
    this.#document = this.#yaml.parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
  }

  read(): RuleFile {
    for (const { message, pos } of this.#document.errors) {
      const what = `this is no valid YAML: ${message.split("\n")[0]}`;
      this.#problem(this.#lines.linePos(pos[0]).line, what, "Correct the indentation, quotes or brackets there.");
    }
    if (this.#problems.length === 0) this.#readFile();
    return { file: this.file, rules: this.#rules, groups: this.#groups, problems: this.#problems };
  }

  #readFile(): void {
    const fields = this.#fields(this.#document.contents, 1, ["groups"], "a rule file");
    const groups = fields?.get("groups");
    if (fields === undefined) return;
    if (groups === undefined) {
      this.#problem(1, "the file has no groups", "Begin it with `groups:` and a list of groups below.");
      return;
    }
    for (const { node, line } of this.#items(groups.node, groups.line, "groups")) this.#readGroup(node, line);
  }

  #readGroup(node: Yaml.Node | null, line: number): void {
    const fields = this.#fields(node, line, GROUP_KEYS, "a group");
    if (fields === undefined) return;
    const name = this.#text(fields, "name") ?? "";
    if (name === "") this.#problem(line, "a group has no name", "Give it one with `name:`.");
    else this.#groups.push({ name, line });
    this.#checkDurations(fields);
    const labels = this.#templates(fields, "labels");
    const rules = fields.get("rules");
    if (rules === undefined) return;
    for (const rule of this.#items(rules.node, rules.line, "rules")) this.#readRule(rule.node, rule.line, labels);
  }

  #readRule(node: Yaml.Node | null, line: number, groupLabels: readonly Template[]): void {
    const fields = this.#fields(node, line, RULE_KEYS, "a rule");
    if (fields === undefined) return;
    this.#checkDurations(fields);
    // An empty name is none, as Prometheus sees it.
    const alert = this.#text(fields, "alert") || undefined;
    const record = this.#text(fields, "record") || undefined;
    const name = alert ?? record;
    if (name === undefined || (alert !== undefined && record !== undefined)) {
      this.#problem(line, "a rule needs a name as `alert` or as `record`, not both", "Keep one of the two keys.");
      return;
    }
    if (record !== undefined) this.#checkRecord(record, fields, line);
    const expr = this.#text(fields, "expr");
    if (expr === undefined || expr.trim() === "") {
      this.#problem(line, `${name} has no expression`, "Give it one with `expr:`.");
      return;
    }
    const labels = [...groupLabels, ...this.#templates(fields, "labels")];
    const annotations = this.#templates(fields, "annotations");
    this.#rules.push({
      file: this.file,
      line,
      kind: alert === undefined ? "record" : "alert",
      name,
      expr,
      lineAt: this.#lineAt(fields.get("expr") as { node: Yaml.Node | null; line: number }, expr),
      labels: textsOf(labels),
      annotations: textsOf(annotations),
      templates: [...labels, ...annotations],
    });
  }

  #checkRecord(name: string, fields: Fields, line: number): void {
    if (!METRIC_NAME.test(name)) {
      this.#problem(line, `"${name}" cannot be a metric's name`, "Use letters, digits, _ and :, no digit first.");
    }
    for (const key of ["for", "keep_firing_for", "annotations"]) {
      const field = fields.get(key);
      if (field) this.#problem(field.line, `the recording rule ${name} cannot have "${key}"`, "Remove that key.");
    }
  }

  #checkDurations(fields: Fields): void {
    for (const key of DURATIONS) {
      const value = this.#text(fields, key);
      if (value === undefined || DURATION.test(value)) continue;
      const line = fields.get(key)?.line ?? 1;
      this.#problem(line, `"${value}" is no duration`, `Write ${key} as in 5m, 90s or 1h30m.`);
    }
  }

  /** The keys of a mapping; reports what is none, and keys that Prometheus does not know. */
  #fields(node: Yaml.Node | null, line: number, known: readonly string[], what: string): Fields | undefined {
    const map = this.#resolved(node);
    if (!this.#yaml.isMap(map)) {
      this.#problem(line, `${what} must be a mapping`, `Write it with keys: ${known.join(", ")}.`);
      return undefined;
    }
    const fields = new Map<string, { node: Yaml.Node | null; line: number }>();
    for (const { key, value } of map.items as Yaml.Pair<Yaml.Node, Yaml.Node | null>[]) {
      const name = String(this.#yaml.isScalar(key) ? key.value : key);
      const at = this.#lineOf(key, line);
      if (known.includes(name)) fields.set(name, { node: value, line: at });
      else {
        const fix = didYouMean(name, known, `Known keys are: ${known.join(", ")}.`);
        this.#problem(at, `${what} cannot have the key "${name}"`, fix);
      }
    }
    return fields;
  }

  #items(node: Yaml.Node | null, line: number, key: string): { node: Yaml.Node | null; line: number }[] {
    const list = this.#resolved(node);
    if (this.#yaml.isSeq(list)) {
      return (list.items as (Yaml.Node | null)[]).map((item) => ({ node: item, line: this.#lineOf(item, line) }));
    }
    const empty = list === null || (this.#yaml.isScalar(list) && list.value === null);
    if (!empty) this.#problem(line, `"${key}" must be a list`, "Begin each entry with a hyphen.");
    return [];
  }

  #text(fields: Fields, key: string): string | undefined {
    const field = fields.get(key);
    if (field === undefined) return undefined;
    const node = this.#resolved(field.node);
    if (this.#yaml.isScalar(node) && node.value !== null) return String(node.value);
    this.#problem(field.line, `"${key}" must be text`, "Write its value on the same line, or below `|-`.");
    return undefined;
  }

  #templates(fields: Fields, key: string): Template[] {
    const field = fields.get(key);
    if (field === undefined) return [];
    const map = this.#resolved(field.node);
    if (this.#yaml.isScalar(map) && map.value === null) return [];
    if (!this.#yaml.isMap(map)) {
      this.#problem(field.line, `"${key}" must be a mapping from names to text`, "Write `name: text` lines below it.");
      return [];
    }
    return (map.items as Yaml.Pair<Yaml.Node, Yaml.Node | null>[]).map((pair) => this.#template(pair, field.line));
  }

  #template({ key, value }: Yaml.Pair<Yaml.Node, Yaml.Node | null>, otherwise: number): Template {
    const line = this.#lineOf(key, otherwise);
    const name = String(this.#yaml.isScalar(key) ? key.value : key);
    const node = this.#resolved(value);
    if (node !== null && !this.#yaml.isScalar(node)) {
      this.#problem(line, `"${name}" must be text`, "Write its value on the same line, or below `|-`.");
    }
    if (name === "" || name === "__name__") {
      this.#problem(line, `"${name}" cannot be the name of a label or annotation`, "Choose another name.");
    }
    return { key: name, text: this.#yaml.isScalar(node) ? String(node.value ?? "") : "", line };
  }

  #resolved(node: Yaml.Node | null): Yaml.Node | null {
    return this.#yaml.isAlias(node) ? (node.resolve(this.#document) ?? null) : node;
  }

  #lineOf(node: Yaml.Node | null, otherwise: number): number {
    return node?.range ? this.#lines.linePos(node.range[0]).line : otherwise;
  }

  /** Only a literal block keeps its lines; of a folded or quoted text the first one is given. */
  #lineAt({ node, line }: { node: Yaml.Node | null; line: number }, expr: string): (offset: number) => number {
    const first = this.#lineOf(node, line);
    const literal = this.#yaml.isScalar(node) && node.type === "BLOCK_LITERAL";
    return (offset) => (literal ? first + expr.slice(0, offset).split("\n").length : first);
  }

  #problem(line: number, what: string, fix: string): void {
    this.#problems.push({ file: this.file, line, what, fix });
  }
}

function textsOf(templates: readonly Template[]): Record<string, string> {
  return Object.fromEntries(templates.map(({ key, text }) => [key, text]));
}
