/** The part of a stack that is needed to know what is deployed to it. */
export interface StackAccess {
  readonly stack: string;
  /** Runs a `pulumi` command on the stack and gives what it printed. */
  capture(command: readonly string[]): Promise<string>;
}

/** The last update of a stack, as the engine recorded it. */
export interface Deployment {
  /** When it began, which tells it from every other one: not every backend numbers its updates. */
  readonly startTime: string;
  readonly succeeded: boolean;
  /** The commit that was checked out; none where the update was not run in a repository. */
  readonly commit: string | undefined;
  /** Whether files had been changed since that commit. */
  readonly dirty: boolean;
  /** Whether it was told to leave out some of the resources. */
  readonly partial: boolean;
}

interface HistoryEntry {
  readonly startTime: string;
  readonly kind: string;
  readonly result?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Of the stack, where `verify` records what it proved. At most 40 characters, as every backend takes them. */
const TAG = "monitoring:verified";

/** What changes no program. */
const PASSIVE = new Set(["preview", "refresh", "rename", "import"]);

/** How the engine records the options by which an update leaves out resources. */
const LEAVES_OUT = ["pulumi.flag.target", "pulumi.flag.target-replace", "pulumi.flag.exclude"];

/** What is deployed to a stack; nothing before its first update and after it was destroyed. */
export async function deployed(stack: StackAccess): Promise<Deployment | undefined> {
  const history = JSON.parse(await stack.capture(["stack", "history", "--json", "--page-size", "50"])) as
    HistoryEntry[] | null;
  const last = (history ?? []).find(({ kind }) => !PASSIVE.has(kind));
  if (last === undefined || last.kind !== "update") return undefined;
  const { environment = {} } = last;
  const { "git.head": commit, "git.dirty": dirty } = environment;
  return {
    startTime: last.startTime,
    succeeded: last.result === "succeeded",
    commit: commit || undefined,
    dirty: dirty === "true",
    partial: LEAVES_OUT.some((option) => option in environment),
  };
}

/**
 * Records in the stack whether an update of it was proven to work. A later update makes the record void. Whoever may only read
 * the state records nothing.
 *
 * @param last what was deployed when the proof began.
 * @returns what was recorded, or why nothing could be, for people.
 */
export async function recordVerification(
  stack: StackAccess,
  last: Deployment | undefined,
  good: boolean,
): Promise<string> {
  try {
    return await record(stack, last, good);
  } catch (error) {
    return `not recorded: ${(error as Error).message.replaceAll(/\s*\n\s*/g, " ")}`;
  }
}

async function record(stack: StackAccess, last: Deployment | undefined, good: boolean): Promise<string> {
  const recorded = await tag(stack);
  if (!good) {
    if (recorded !== undefined) await stack.capture(["stack", "tag", "rm", TAG]);
    return "not recorded as verified";
  }
  const reason = unfit(last);
  if (last === undefined || reason !== undefined) return `not recorded as verified: ${reason}`;
  const value = proof(last);
  if (recorded !== value) await stack.capture(["stack", "tag", "set", TAG, value]);
  return `recorded as verified at ${last.commit?.slice(0, 12)}`;
}

/** Whether exactly what is deployed to the stack now was proven to work. */
export async function isVerified(stack: StackAccess, last: Deployment): Promise<boolean> {
  return (await tag(stack)) === proof(last);
}

/** Why an update can not stand for a commit. */
export function unfit(last: Deployment | undefined): string | undefined {
  if (last === undefined) return "nothing is deployed to it";
  if (!last.succeeded) return `its last update, of ${last.startTime}, did not succeed`;
  if (last.commit === undefined) return `its last update, of ${last.startTime}, was not run in a Git repository`;
  if (last.dirty) return `its last update, of ${last.startTime}, was run with uncommitted changes`;
  if (last.partial) return `its last update, of ${last.startTime}, was of a part of it`;
  return undefined;
}

/** The update belongs to the proof: the same commit with another configuration is another deployment. */
function proof({ commit, startTime }: Deployment): string {
  return `${commit ?? ""}@${startTime}`;
}

async function tag(stack: StackAccess): Promise<string | undefined> {
  const tags = JSON.parse(await stack.capture(["stack", "tag", "ls", "--json"])) as Readonly<Record<string, string>>;
  return tags[TAG];
}
