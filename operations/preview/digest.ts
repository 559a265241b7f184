import { z } from "zod";

import { DOCKER_VOLUME, NAMESPACE, programOf, VOLUME_CLAIM } from "../../policy/resource";

const state = z.object({
  inputs: z.record(z.string(), z.unknown()).optional(),
  protect: z.boolean().optional(),
  retainOnDelete: z.boolean().optional(),
});

const step = z.object({
  op: z.string(),
  urn: z.string(),
  oldState: state.optional(),
  newState: state.optional(),
  diffReasons: z.array(z.string()).nullish(),
  replaceReasons: z.array(z.string()).nullish(),
  detailedDiff: z.record(z.string(), z.unknown()).nullish(),
});

/** What `pulumi preview --json` prints, as far as it is read here. */
const schema = z.object({
  steps: z.array(step).nullish(),
  diagnostics: z.array(z.object({ message: z.string().default(""), severity: z.string().default("info") })).nullish(),
});

type Step = z.output<typeof step>;

export const OPERATIONS = ["delete", "replace", "update", "create"] as const;
export type Operation = (typeof OPERATIONS)[number];

/** What an update would do to one resource. It holds names of inputs and never a value. */
export interface Change {
  readonly operation: Operation;
  /** Such as `Container` or `StatefulSet`. */
  readonly kind: string;
  readonly name: string;
  /** The program that it belongs to; empty for what belongs to the whole stack. */
  readonly program: string;
  /** Paths of the inputs that differ. */
  readonly inputs: readonly string[];
  /** Whether data would go with it. */
  readonly holdsData: boolean;
  /** Whether the platform keeps what the stack gives up. */
  readonly kept: boolean;
}

export interface Digest {
  readonly changes: readonly Change[];
  /** Warnings and errors, as the engine and the program worded them. */
  readonly messages: readonly { readonly severity: string; readonly text: string }[];
}

/**
 * The changes that a preview found, by program, what is lost first.
 *
 * @returns undefined where the text is not what `pulumi preview --json` prints.
 */
export function readDigest(text: string): Digest | undefined {
  const parsed = schema.safeParse(jsonIn(text));
  if (!parsed.success) return undefined;
  const { steps, diagnostics } = parsed.data;
  const byUrn = new Map<string, Step[]>();
  for (const one of steps ?? []) byUrn.set(one.urn, [...(byUrn.get(one.urn) ?? []), one]);
  const messages = (diagnostics ?? [])
    .filter(({ severity, message }) => severity !== "info" && severity !== "debug" && message.trim() !== "")
    .map(({ severity, message }) => ({ severity, text: message.trim() }));
  return { changes: [...byUrn.values()].flatMap(changeOf).sort(inOrder), messages };
}

/** The engine may print a line before its digest. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text.slice(Math.max(0, text.search(/^\{/m))));
  } catch {
    return undefined;
  }
}

/** A replacement is up to three steps of one resource. */
function changeOf(steps: readonly Step[]): Change[] {
  const operation = operationOf(steps.map(({ op }) => op));
  if (operation === undefined) return [];
  const [, , typed = "", name = ""] = (steps[0] as Step).urn.split("::");
  const type = typed.slice(typed.lastIndexOf("$") + 1);
  const states = steps.flatMap(({ oldState, newState }) => [newState, oldState].filter((one) => one !== undefined));
  const inputs = states.find((one) => one.inputs !== undefined)?.inputs ?? {};
  return [
    {
      operation,
      kind: type.slice(type.lastIndexOf(":") + 1),
      name,
      program: programOf({ type, name, inputs, protect: false }),
      inputs: operation === "update" || operation === "replace" ? differing(steps) : [],
      holdsData: [DOCKER_VOLUME, VOLUME_CLAIM, NAMESPACE].includes(type),
      kept: steps.some(({ oldState }) => oldState?.retainOnDelete === true),
    },
  ];
}

function operationOf(operations: readonly string[]): Operation | undefined {
  if (operations.some((op) => /^(replace|create-replacement|delete-replaced|import-replacement)$/.test(op))) {
    return "replace";
  }
  return OPERATIONS.find((known) => operations.includes(known));
}

function differing(steps: readonly Step[]): string[] {
  const detailed = steps.flatMap(({ detailedDiff }) => Object.keys(detailedDiff ?? {}));
  const named = steps.flatMap(({ diffReasons, replaceReasons }) => [...(diffReasons ?? []), ...(replaceReasons ?? [])]);
  return [...new Set(detailed.length > 0 ? detailed : named)].sort();
}

function inOrder(a: Change, b: Change): number {
  return (
    a.program.localeCompare(b.program) ||
    OPERATIONS.indexOf(a.operation) - OPERATIONS.indexOf(b.operation) ||
    a.name.localeCompare(b.name)
  );
}
