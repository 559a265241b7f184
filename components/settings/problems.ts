import { closest, distance } from "fastest-levenshtein";

/** One thing that is wrong with the configuration, with all that a person needs to put it right. */
export interface Problem {
  /** Where: a key such as `services[2].address`. */
  readonly key: string;
  /** What was found there; never the text of a secret. */
  readonly got: string;
  /** What is allowed. */
  readonly expected: string;
  /** What to do about it. */
  readonly fix: string;
}

/** A key without which something that other keys choose can not work. */
export function missingFor(what: string, given: string, missing: string, flag = ""): Problem {
  return {
    key: missing,
    got: "nothing",
    expected: `a value, since ${given} chooses ${what}`,
    fix: `Set it with: pulumi config set ${flag}${missing.split(/[ ,]/)[0]}`,
  };
}

/** Thrown with every problem of the configuration at once. */
export class SettingsError extends Error {
  constructor(readonly problems: readonly Problem[]) {
    super(
      [
        `the configuration has ${problems.length} problem${problems.length === 1 ? "" : "s"}:`,
        ...problems.map(({ key, got, expected, fix }) => `  ${key}: got ${got}; expected ${expected}. ${fix}`),
      ].join("\n"),
    );
    this.name = "SettingsError";
  }
}

/** `, did you mean "x"?` when one of the known names is near, else nothing. */
export function suggestion(unknown: string, known: readonly string[]): string {
  const nearest = closest(unknown, [...known]);
  const near = nearest !== undefined && distance(unknown, nearest) <= Math.max(2, Math.floor(unknown.length / 3));
  return near ? `Did you mean "${nearest}"?` : `Known: ${[...known].sort().join(", ")}.`;
}

/** A value as it is shown to a person: short, on one line, without the password of a URL. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value).replace(/(\/\/[^/\s:@"]*:)[^/\s@"]*@/g, "$1***@");
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
