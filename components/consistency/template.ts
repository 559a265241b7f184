import { didYouMean } from "./problem";

/** Functions of templates in Prometheus's rules, and those of every Go template. */
export const TEMPLATE_FUNCTIONS: readonly string[] = (
  "args externalURL first graphLink humanize humanize1024 humanizeDuration humanizePercentage humanizeTimestamp label match now " +
  "parseDuration pathPrefix query reReplaceAll safeHtml sortByLabel stripDomain stripPort strvalue tableLink title toDuration " +
  "toLower toTime toUpper urlQueryEscape value " +
  "and call eq ge gt html index js le len lt ne not or print printf println slice urlquery"
).split(" ");

/** Variables that Prometheus gives to every template. */
const VARIABLES = ["$labels", "$externalLabels", "$externalURL", "$value", "$"];
const BLOCKS = ["if", "with", "range", "block", "define"];
const ACTION =
  /\{\{-?\s*\/\*.*?\*\/\s*-?\}\}|\{\{(?:-(?=\s))?((?:"(?:\\.|[^"\\\n])*"|`[^`]*`|'(?:\\.|[^'\\\n])*'|(?!\}\}).)*)\}\}/gs;
const TOKEN =
  /\s*(?:("(?:\\.|[^"\\\n])*"|`[^`]*`|'(?:\\.|[^'\\\n])+')|([+-]?(?:\d[\w.]*|\.\d\w*)(?:(?<=[eE])[+-]?\d+)?)|(\$\w*)|(\.\w*)|([A-Za-z_]\w*)|(:=|=|\||\(|\)|,)|(\S))/gsy;

/** What is wrong with a template, and how to mend it. */
export interface TemplateFault {
  readonly what: string;
  readonly fix: string;
}

interface Token {
  readonly type: "text" | "number" | "variable" | "field" | "name" | "sign" | "stray";
  readonly text: string;
}

/** A Go template as Prometheus parses it for a label or an annotation: the first thing that it would refuse. */
export function templateFault(text: string): TemplateFault | undefined {
  const parse = new Parse();
  let rest = 0;
  for (const { 0: action, 1: body, index } of text.matchAll(ACTION)) {
    if (text.slice(rest, index).includes("{{")) break;
    rest = index + action.length;
    const fault = body === undefined ? undefined : parse.action(body.replace(/\s-$/, ""));
    if (fault) return fault;
  }
  if (text.slice(rest).includes("{{")) return { what: "has a {{ without its }}", fix: "Close every template." };
  return parse.end();
}

/** Variables that an action declares, and what stands behind `:=`. */
interface Declaration {
  readonly declared: readonly string[];
  readonly tokens: readonly Token[];
  readonly fault?: TemplateFault;
}

class Parse {
  /** Open blocks, each with the number of variables that were known before it. */
  readonly #open: { readonly keyword: string; readonly known: number; closed: boolean }[] = [];
  readonly #variables = [...VARIABLES];

  action(body: string): TemplateFault | undefined {
    const tokens = tokensOf(body);
    const [first] = tokens;
    if (first === undefined) return { what: "has an empty {{ }}", fix: "Put a value between the braces." };
    const keyword = first.type === "name" ? first.text : "";
    if (keyword === "end") return this.#end(tokens);
    if (keyword === "else") return this.#else(tokens.slice(1));
    if (keyword === "break" || keyword === "continue") return this.#jump(tokens);
    if (keyword === "template") return tokens[1]?.type === "text" ? this.#optional(tokens.slice(2)) : unnamed(keyword);
    if (keyword === "define" || keyword === "block") return this.#named(keyword, tokens.slice(1));
    if (!BLOCKS.includes(keyword)) return this.#pipeline(tokens);
    this.#open.push({ keyword, known: this.#variables.length, closed: false });
    return this.#pipeline(tokens.slice(1), keyword);
  }

  end(): TemplateFault | undefined {
    const last = this.#open.at(-1);
    return (
      last && { what: `has {{ ${last.keyword} }} without its {{ end }}`, fix: "Add {{ end }} after what it is for." }
    );
  }

  #end(tokens: readonly Token[]): TemplateFault | undefined {
    const block = this.#open.pop();
    if (block === undefined) {
      return {
        what: "has {{ end }} with nothing to end",
        fix: "Remove it, or begin with {{ if }}, {{ with }} or {{ range }}.",
      };
    }
    this.#variables.length = block.known;
    return tokens.length > 1 ? unexpected(tokens[1] as Token) : undefined;
  }

  #else(rest: readonly Token[]): TemplateFault | undefined {
    const block = this.#open.at(-1);
    if (block === undefined || block.closed || !["if", "with", "range"].includes(block.keyword)) {
      return { what: "has {{ else }} without {{ if }}", fix: "Begin with {{ if }}, {{ with }} or {{ range }}." };
    }
    this.#variables.length = block.known;
    const [next] = rest;
    if (next === undefined) block.closed = true;
    else if (next.text === block.keyword && next.text !== "range") return this.#pipeline(rest.slice(1), next.text);
    return next && unexpected(next);
  }

  #jump([first, next]: readonly Token[]): TemplateFault | undefined {
    if (next) return unexpected(next);
    const inRange = this.#open.some(({ keyword }) => keyword === "range");
    return inRange ? undefined : { what: `has {{ ${first?.text} }} outside {{ range }}`, fix: "Remove it." };
  }

  #named(keyword: string, [name, ...rest]: readonly Token[]): TemplateFault | undefined {
    if (name?.type !== "text") return unnamed(keyword);
    this.#open.push({ keyword, known: this.#variables.length, closed: false });
    if (keyword === "block") return this.#pipeline(rest, keyword);
    return rest[0] && unexpected(rest[0]);
  }

  #optional(tokens: readonly Token[]): TemplateFault | undefined {
    return tokens.length === 0 ? undefined : this.#pipeline(tokens);
  }

  /** Commands with bars between, after the variables that take their result. */
  #pipeline(all: readonly Token[], keyword = "the template"): TemplateFault | undefined {
    const { declared, tokens, fault } = this.#declaration(all, keyword);
    const wrong = fault ?? this.#commands(tokens, keyword);
    this.#variables.push(...declared);
    return wrong;
  }

  #declaration(tokens: readonly Token[], keyword: string): Declaration {
    const sign = tokens.findIndex(({ text, type }) => type === "sign" && (text === ":=" || text === "="));
    if (sign < 0) return { declared: [], tokens };
    const names = tokens.slice(0, sign).filter(({ text }) => text !== ",");
    const bad = names.find(({ type }) => type !== "variable");
    const rest = tokens.slice(sign + 1);
    if (bad || names.length === 0 || names.length > (keyword === "range" ? 2 : 1)) {
      return { declared: [], tokens: rest, fault: unexpected(bad ?? (tokens[sign] as Token)) };
    }
    if (tokens[sign]?.text === ":=") return { declared: names.map(({ text }) => text), tokens: rest };
    const fault = names.map(({ text }) => this.#unknownVariable(text)).find((found) => found !== undefined);
    return { declared: [], tokens: rest, ...(fault ? { fault } : {}) };
  }

  #commands(tokens: readonly Token[], keyword: string): TemplateFault | undefined {
    const missing = { what: `has a value missing in {{ ${keyword} }}`, fix: "Put a value or a function there." };
    /** For each open bracket: the words of the command so far, and whether one is piped into it. */
    const commands = [{ words: 0, piped: false }];
    for (const token of tokens) {
      const command = commands.at(-1) as { words: number; piped: boolean };
      if (token.text === "(" && token.type === "sign") {
        command.words += 1;
        commands.push({ words: 0, piped: false });
      } else if (token.text === ")" && token.type === "sign") {
        if (commands.length === 1) return unexpected(token);
        if (command.words === 0) return missing;
        commands.pop();
      } else if (token.text === "|" && token.type === "sign") {
        if (command.words === 0) return missing;
        Object.assign(command, { words: 0, piped: true });
      } else {
        const fault = this.#word(token, command);
        if (fault) return fault;
        command.words += 1;
      }
    }
    if (commands.length > 1) return { what: "has a bracket that is not closed", fix: "Close it with )." };
    const [{ words, piped }] = commands as [{ words: number; piped: boolean }];
    // Go takes a bar with nothing behind it.
    return words === 0 && !piped ? missing : undefined;
  }

  #word(token: Token, { words, piped }: { words: number; piped: boolean }): TemplateFault | undefined {
    const { type, text } = token;
    if (type === "variable") return this.#unknownVariable(text);
    if (type === "sign" || type === "stray") return unexpected(token);
    if (type === "number") {
      const valid = /^[+-]?(\d[\d_]*(\.\d*)?|\.\d+|0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+)([eE][+-]?\d+)?i?$/;
      if (!valid.test(text)) return { what: `has "${text}", which is no number`, fix: "Correct it." };
    }
    if (piped && words === 0 && (type === "text" || type === "number")) {
      return { what: `pipes into ${text}, which is no function`, fix: "Put a function after the bar." };
    }
    if (type !== "name" || ["true", "false", "nil"].includes(text)) return undefined;
    if ([...BLOCKS, "end", "else", "template", "break", "continue"].includes(text)) return unexpected(token);
    return TEMPLATE_FUNCTIONS.includes(text) ? undefined : unknownFunction(text);
  }

  #unknownVariable(name: string): TemplateFault | undefined {
    if (this.#variables.includes(name)) return undefined;
    const fix = didYouMean(name, this.#variables, `Variables are: ${this.#variables.slice(0, -1).join(", ")}.`);
    return { what: `has the unknown variable "${name}"`, fix };
  }
}

function tokensOf(body: string): Token[] {
  const types = ["text", "number", "variable", "field", "name", "sign", "stray"] as const;
  return [...body.matchAll(TOKEN)].map(([, ...groups]) => {
    const index = groups.findIndex((group) => group !== undefined);
    return { type: types[index] as Token["type"], text: groups[index] as string };
  });
}

function unknownFunction(name: string): TemplateFault {
  const fix = didYouMean(name, TEMPLATE_FUNCTIONS, "Use one of Prometheus's template functions, such as humanize.");
  return { what: `calls "${name}", which is no function of templates`, fix };
}

function unexpected({ text }: Token): TemplateFault {
  return { what: `has "${text}" where a template cannot have it`, fix: "Correct what stands between the braces." };
}

function unnamed(keyword: string): TemplateFault {
  return { what: `has {{ ${keyword} }} without a name`, fix: `Write {{ ${keyword} "name" }}.` };
}
