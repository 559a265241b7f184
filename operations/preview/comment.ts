import { OPERATIONS, type Change, type Digest } from "./digest";

/** Characters that a comment on GitHub takes. */
const LONGEST = 65_536;
const LONGEST_MESSAGES = 16_000;
const MOST_INPUTS = 6;

export interface CommentFacts {
  readonly stack: string;
  /** Undefined where there was no preview that could be read. */
  readonly digest: Digest | undefined;
  /** What was printed beside it, shown where there is no digest. */
  readonly log: string;
  /** Whether the preview ended without an error. */
  readonly succeeded: boolean;
  /** Whether the policy pack let it pass. */
  readonly allowed: boolean;
  /** Where the whole of it can be read. */
  readonly run: string;
}

/** By which the comment of a stack is found again. */
export const markerOf = (stack: string) => `<!-- preview of the stack ${stack} -->`;

/** What an update would change, as a comment for a reviewer. */
export function commentOf(facts: CommentFacts): string {
  const { stack, digest, log, succeeded, allowed, run } = facts;
  const head = [markerOf(stack), `### ${stack}: ${digest ? counts(digest.changes) : "no preview"}`];
  const notices = [
    ...(succeeded ? [] : ["**The preview failed.**"]),
    ...(allowed ? [] : ["**The policy pack refuses it**, or could not look at it: the run says what and why."]),
    ...(digest ? atRisk(digest.changes) : []),
  ];
  const messages = digest
    ? digest.messages.map(({ severity, text }) => `${severity}: ${text}`).join("\n")
    : log.trim() || "It printed nothing.";
  const tail = [
    ...(messages === "" ? [] : [fenced(shortened(messages))]),
    `Inputs are named and not shown. The whole diff: ${run}`,
  ];
  const room = LONGEST - [...head, ...notices, ...tail].join("\n\n").length - 200;
  const table = digest && digest.changes.length > 0 ? [tableOf(digest.changes, room)] : [];
  return [...head, ...notices, ...table, ...tail].join("\n\n");
}

function counts(changes: readonly Change[]): string {
  const numbers = OPERATIONS.map((operation) => {
    const count = changes.filter((change) => change.operation === operation).length;
    return count === 0 ? [] : [`${count} to ${operation}`];
  }).flat();
  return numbers.length === 0 ? "no changes" : [...numbers].reverse().join(", ");
}

/** Data that would go, before all else. */
function atRisk(changes: readonly Change[]): string[] {
  const lost = changes.filter(
    ({ operation, holdsData }) => holdsData && (operation === "delete" || operation === "replace"),
  );
  if (lost.length === 0) return [];
  const lines = lost.map(
    ({ operation, kind, name, kept }) =>
      `- ${operation} of the ${kind} ${code(name)}${kept ? ", which the platform keeps, and the stack no longer knows" : ""}`,
  );
  return [`**Data at risk:**\n${lines.join("\n")}`];
}

function tableOf(changes: readonly Change[], room: number): string {
  const rows: string[] = [];
  let used = 0;
  let program: string | undefined;
  for (const change of changes) {
    const shown = change.program === program ? "" : change.program || "the stack";
    const row = `| ${shown} | ${change.kind} ${code(change.name)} | ${change.operation} | ${inputsOf(change)} |`;
    if (used + row.length + 1 > room) break;
    rows.push(row);
    used += row.length + 1;
    program = change.program;
  }
  const left = changes.length - rows.length;
  return [
    "| program | resource | change | inputs that differ |",
    "| ------- | -------- | ------ | ------------------ |",
    ...rows,
    ...(left > 0 ? [`\n… and ${left} more, in the run.`] : []),
  ].join("\n");
}

function inputsOf({ inputs }: Change): string {
  const shown = inputs.slice(0, MOST_INPUTS).map(code);
  const more = inputs.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(", ");
}

/** Names come from the pull request: none of them may be markup, end the cell or call for somebody. */
function code(text: string): string {
  return `\`${text
    .replaceAll(/[`\r\n]/g, "'")
    .replaceAll("|", "\\|")
    .slice(0, 200)}\``;
}

function shortened(text: string): string {
  return text.length > LONGEST_MESSAGES ? `${text.slice(0, LONGEST_MESSAGES)}\n…` : text;
}

/** A fence longer than any in the text, so that nothing of it is taken for markup. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}text\n${text}\n${fence}`;
}
