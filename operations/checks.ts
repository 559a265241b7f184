import { table } from "./table";

/** What a check came to. A warning is worth a look and no failure. */
export type Verdict = "ok" | "warning" | "failed";

export interface Check {
  /** What was looked at. */
  readonly check: string;
  /** The program, or the part of the machine, that it is about. */
  readonly subject: string;
  readonly verdict: Verdict;
  /** What was found. */
  readonly detail: string;
  /** What to change. */
  readonly fix?: string;
}

export const ok = (check: string, subject: string, detail: string): Check => ({
  check,
  subject,
  verdict: "ok",
  detail,
});
export const failed = (check: string, subject: string, detail: string, fix?: string): Check => ({
  check,
  subject,
  verdict: "failed",
  detail,
  ...(fix ? { fix } : {}),
});
export const warning = (check: string, subject: string, detail: string, fix?: string): Check => ({
  ...failed(check, subject, detail, fix),
  verdict: "warning",
});

/** The results of a group of checks; what keeps the group from being run is a failure that names the subject. */
export async function attempt(check: string, subject: string, run: () => Promise<Check[]>): Promise<Check[]> {
  try {
    return await run();
  } catch (error) {
    return [failed(check, subject, error instanceof Error ? error.message : String(error))];
  }
}

/** The checks as a table, and after it what to change. */
export function describe(checks: readonly Check[], total: string): string {
  const count = (verdict: Verdict) => checks.filter((check) => check.verdict === verdict).length;
  return [
    table(
      ["check", "of", "", "found"],
      checks.map(({ check, subject, verdict, detail }) => [check, subject, verdict, wrapped(detail)]),
    ),
    ...checks.flatMap(({ subject, fix }) => (fix ? [`${subject}: ${fix}`] : [])),
    `${total}: ${count("ok")} ok, ${count("warning")} warnings, ${count("failed")} failed.`,
  ].join("\n");
}

const WIDTH = 96;

/** Broken between words, so that a long message does not widen the table beyond a terminal. */
function wrapped(text: string): string {
  const lines: string[] = [];
  for (const word of text.replaceAll(/\s+/g, " ").trim().split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join("\n");
}
