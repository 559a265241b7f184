import { closest, distance } from "fastest-levenshtein";

/** Something in a file that does not fit the rest of the stack. */
export interface Problem {
  /** Path as a person knows it, from the project's folder. */
  readonly file: string;
  /** Counted from 1. Left out where the whole file is meant. */
  readonly line?: number;
  readonly what: string;
  /** What to change. */
  readonly fix: string;
}

/** Thrown with every problem at once. */
export class ConsistencyError extends Error {
  constructor(readonly problems: readonly Problem[]) {
    super(
      [
        `the stack does not fit together, in ${problems.length} place${problems.length === 1 ? "" : "s"}:`,
        ...problems.map((problem) => `  ${formatProblem(problem)}`),
      ].join("\n"),
    );
    this.name = "ConsistencyError";
  }
}

/** One line, such as `rules.yaml:7: metric "upp" is exported by nothing. Did you mean "up"?`. */
export function formatProblem({ file, line, what, fix }: Problem): string {
  return `${file}${line === undefined ? "" : `:${line}`}: ${what}. ${fix}`;
}

/** `Did you mean "x"?` when one of the known names is near, else the given advice. */
export function didYouMean(unknown: string, known: readonly string[], otherwise: string): string {
  if (known.length === 0) return otherwise;
  const nearest = closest(unknown, known);
  return distance(unknown, nearest) <= Math.max(2, Math.floor(unknown.length / 4))
    ? `Did you mean "${nearest}"?`
    : otherwise;
}
