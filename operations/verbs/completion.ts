import type { Command, Option } from "commander";

type Shell = "bash" | "zsh" | "fish";

/** Options whose value is the name of a stack. */
const OF_STACK = new Set(["--stack", "--from", "--to"]);

/** Names of the stacks that have a file in the folder; without a pattern, which a shell may refuse when nothing matches. */
const STACKS = String.raw`ls | sed -n 's/^Pulumi[.]\(.*\)[.]yaml$/\1/p'`;

/** A script that completes verbs, their choices, their options and the values of those in a shell. */
export function completion(shell: Shell, program: Command): string {
  const verbs = program.commands.map((verb) => ({
    name: verb.name(),
    description: verb.description(),
    choices: verb.registeredArguments.flatMap(({ argChoices = [] }) => argChoices),
    options: verb.options.filter(({ long }) => long),
  }));
  if (shell === "fish") return fish(verbs);
  return shell === "bash" ? bash(verbs) : `autoload -U +X bashcompinit && bashcompinit\n${bash(verbs)}`;
}

interface Verb {
  readonly name: string;
  readonly description: string;
  readonly choices: readonly string[];
  readonly options: readonly Option[];
}

const takesValue = ({ required, optional }: Option) => required || optional;

function bash(verbs: readonly Verb[]): string {
  const names = verbs.map(({ name }) => name).join(" ");
  const cases = verbs.map(({ name, choices, options }) => {
    const words = [...choices, ...options.map(({ long }) => long)].join(" ");
    return `    ${name}) words="${words}" ;;`;
  });
  return [
    "_monitoring() {",
    '  local words="" verb="" word',
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    `    case " ${names} " in *" $word "*) verb="$word"; break ;; esac`,
    "  done",
    '  case "$verb" in',
    `    "") words="${names}" ;;`,
    ...cases,
    "  esac",
    '  case "$verb ${COMP_WORDS[COMP_CWORD-1]}" in',
    ...verbs.flatMap(({ name, options }) => options.filter(takesValue).map((option) => valueCase(name, option))),
    "  esac",
    '  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))',
    "}",
    "complete -o default -F _monitoring monitoring",
  ].join("\n");
}

/** Where nothing is known of the value there are no words, and the shell offers files. */
function valueCase(verb: string, option: Option): string {
  const flags = [option.short, option.long].flatMap((flag) => (flag ? [`"${verb} ${flag}"`] : []));
  const words = isOfStack(option) ? `$(${STACKS})` : `"${(option.argChoices ?? []).join(" ")}"`;
  return `    ${flags.join("|")}) words=${words} ;;`;
}

const isOfStack = ({ long }: Option) => OF_STACK.has(long ?? "");

function fish(verbs: readonly Verb[]): string {
  const quoted = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  return verbs
    .flatMap(({ name, description, choices, options }) => [
      `complete -c monitoring -n __fish_use_subcommand -f -a ${name} -d ${quoted(description)}`,
      ...[...choices.map((word) => `-f -a ${word}`), ...options.map((option) => fishOption(option, quoted))].map(
        (what) => `complete -c monitoring -n '__fish_seen_subcommand_from ${name}' ${what}`,
      ),
    ])
    .join("\n");
}

function fishOption(option: Option, quoted: (text: string) => string): string {
  const flags = [...(option.short ? [`-s ${option.short.slice(1)}`] : []), `-l ${(option.long ?? "").slice(2)}`].join(
    " ",
  );
  if (!takesValue(option)) return flags;
  if (isOfStack(option)) return `${flags} -x -a ${quoted(`(${STACKS})`)}`;
  return option.argChoices ? `${flags} -x -a ${quoted(option.argChoices.join(" "))}` : `${flags} -r`;
}
