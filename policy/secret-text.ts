/** Names whose value is a secret; with a suffix such as `_FILE` it is a path. */
const NAME = "[\\w.-]*(?:password|passwd|secret|token|api[_-]?key|private[_-]?key|secret[_-]?key|credentials?|dsn)";

const SECRET_NAME = new RegExp(`^-{0,2}${NAME}$`, "i");

/** A name with a value behind it, as configuration files and command lines have it. */
const ASSIGNED = new RegExp(`(?<![\\w.$-])["']?-{0,2}(${NAME})["']?[ \\t]*[:=][ \\t]*(["']?)([^\\s"',}\\]]+)\\2`, "gi");

/** A user and a password in front of a host. */
const LOGIN = /:\/\/[^/\s:@"'$]*:([^/\s@"'{}]+)@/g;

const PRIVATE_KEY = /-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/;

/** What stands for a secret and is none: a path, a reference, a kind, nothing. */
const STANDS_FOR_ONE = /^([/$<{[%|>&*!]|(true|false|null|none|yes|no|undefined|bearer)$|\d+[smhd]?$|\*+$)/i;

/** Whether the name of a variable or a flag says that its value is a secret. */
export function saysSecret(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** Whether a value may be the secret itself. */
export function mayBeSecret(value: string): boolean {
  return value !== "" && !STANDS_FOR_ONE.test(value);
}

/** What in a text looks like a secret, by the name that it has there; never its value. */
export function secretsIn(text: string): string[] {
  const lines = text.replaceAll(/^[ \t]*(#|;|\/\/).*$/gm, "");
  return [
    ...[...lines.matchAll(ASSIGNED)].flatMap(([, name = "", , value = ""]) => (mayBeSecret(value) ? [name] : [])),
    ...[...lines.matchAll(LOGIN)].flatMap(([, value = ""]) => (mayBeSecret(value) ? ["a password in a URL"] : [])),
    ...(PRIVATE_KEY.test(lines) ? ["a private key"] : []),
  ];
}

/** What in a command looks like a secret: `--password=x`, `--token x`, a password in a URL. */
export function secretsInCommand(command: readonly string[]): string[] {
  return command.flatMap((word, index) => {
    const next = command[index + 1];
    const flag = word.startsWith("-") && saysSecret(word);
    return [
      ...secretsIn(word),
      ...(flag && next !== undefined && mayBeSecret(next) && !next.startsWith("-") ? [word] : []),
    ];
  });
}
