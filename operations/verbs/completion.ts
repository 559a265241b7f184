import type { Command } from "commander";

type Shell = "bash" | "zsh" | "fish";

/** A script that completes verbs, their choices and their options in a shell. */
export function completion(shell: Shell, program: Command): string {
  const verbs = program.commands.map((verb) => ({
    name: verb.name(),
    description: verb.description(),
    words: [
      ...verb.registeredArguments.flatMap(({ argChoices = [] }) => argChoices),
      ...verb.options.flatMap(({ long }) => (long ? [long] : [])),
    ],
  }));
  if (shell === "fish") return fish(verbs);
  return shell === "bash" ? bash(verbs) : `autoload -U +X bashcompinit && bashcompinit\n${bash(verbs)}`;
}

interface Verb {
  readonly name: string;
  readonly description: string;
  readonly words: readonly string[];
}

function bash(verbs: readonly Verb[]): string {
  const cases = verbs.map(({ name, words }) => `    ${name}) words="${words.join(" ")}" ;;`);
  return [
    "_monitoring() {",
    '  local words="" verb="" word',
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    `    case " ${verbs.map(({ name }) => name).join(" ")} " in *" $word "*) verb="$word"; break ;; esac`,
    "  done",
    '  case "$verb" in',
    `    "") words="${verbs.map(({ name }) => name).join(" ")}" ;;`,
    ...cases,
    "  esac",
    '  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))',
    "}",
    "complete -o default -F _monitoring monitoring",
  ].join("\n");
}

function fish(verbs: readonly Verb[]): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "\\'")}'`;
  return verbs
    .flatMap(({ name, description, words }) => [
      `complete -c monitoring -n __fish_use_subcommand -f -a ${name} -d ${quoted(description)}`,
      ...words.map((word) => {
        const what = word.startsWith("--") ? `-l ${word.slice(2)}` : `-f -a ${word}`;
        return `complete -c monitoring -n '__fish_seen_subcommand_from ${name}' ${what}`;
      }),
    ])
    .join("\n");
}
