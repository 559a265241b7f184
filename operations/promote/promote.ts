import type { ResolvedOutputs } from "../../components/stack-outputs";
import { table } from "../table";
import { deployed, isVerified, unfit, type Deployment, type StackAccess } from "./deployment";
import { differences, settingsApart, type Differences, type KeyChange } from "./differences";
import type { Repository } from "./repository";

/** A stack whose next update can be looked at. */
export interface PromotionStack extends StackAccess {
  /** Runs a `pulumi` command on the stack with this terminal, and gives its exit code. */
  show(command: readonly string[]): Promise<number>;
  outputs(): Promise<Partial<ResolvedOutputs>>;
}

export interface Promotion {
  readonly source: PromotionStack;
  readonly target: PromotionStack;
  readonly repository: Repository;
  readonly json: boolean;
  /** Where the result goes. */
  readonly print: (text: string) => void;
}

/**
 * Shows what an update of the target to the current commit would change, if the source was verified at that commit. Changes
 * nothing.
 *
 * @returns whether the commit may be promoted and the engine could preview it.
 */
export async function promotion({ source, target, repository, json, print }: Promotion): Promise<boolean> {
  const refusals = await refusalsOf(source, repository);
  if (refusals.length > 0) {
    print(json ? toJson({ source, target, repository }, { refusals }) : refusalText(target, repository, refusals));
    return false;
  }
  const last = await deployed(target);
  const known = last?.commit !== undefined && (await repository.knows(last.commit)) ? last.commit : undefined;
  const found = await differences(repository, known, target.stack, await target.outputs());
  const apart = await settingsApart(repository, source.stack, target.stack);
  if (json) {
    const preview = JSON.parse(await target.capture(["preview", "--json"])) as { changeSummary?: object };
    const result = { deployed: last ?? null, ...found, settingsApart: apart, preview: preview.changeSummary ?? {} };
    print(toJson({ source, target, repository }, result));
    return true;
  }
  print(text({ source, target, repository }, { last, known, found, apart }));
  const previewed = (await target.show(["preview", "--diff", "--suppress-outputs"])) === 0;
  print(
    previewed ? `Nothing was changed. To promote: pulumi up --stack ${target.stack}` : "The preview failed; see above.",
  );
  return previewed;
}

type Sides = Pick<Promotion, "source" | "target" | "repository">;

/** Everything that keeps the current commit from being promoted. */
async function refusalsOf(source: PromotionStack, repository: Repository): Promise<string[]> {
  const files = await repository.uncommitted();
  const refusals =
    files.length === 0
      ? []
      : [`the work tree has uncommitted changes (${shortened(files)}): commit them, or put them away`];
  const last = await deployed(source);
  const reason = unfit(last);
  const again = `run: pulumi up --stack ${source.stack}, then npx monitoring verify --stack ${source.stack}`;
  if (last === undefined || reason !== undefined) return [...refusals, `${source.stack}: ${reason}; ${again}`];
  if (last.commit !== repository.head) {
    return [...refusals, `${source.stack} runs ${short(last.commit)}, not the current commit; ${again}`];
  }
  if (await isVerified(source, last)) return refusals;
  const verify = `run: npx monitoring verify --stack ${source.stack}`;
  return [...refusals, `${source.stack} was not verified since its last update, of ${last.startTime}; ${verify}`];
}

function refusalText(target: PromotionStack, repository: Repository, refusals: readonly string[]): string {
  const head = `${short(repository.head)} can not be promoted to ${target.stack}:`;
  return [head, ...refusals.map((refusal) => `  ${refusal}`)].join("\n");
}

interface Found {
  readonly last: Deployment | undefined;
  readonly known: string | undefined;
  readonly found: Differences;
  readonly apart: readonly KeyChange[];
}

function text({ source, target, repository }: Sides, { last, known, found, apart }: Found): string {
  return [
    `${short(repository.head)} is verified on ${source.stack}. ${target.stack} ${state(last, known)}.`,
    ...(found.backwards ? [`${target.stack} has commits that the current one does not have: this is a way back.`] : []),
    ...list("Commits", found.commits),
    ...keys(`Configuration of ${target.stack}`, ["key", "deployed", "this commit"], found.configuration),
    ...keys("Images", ["program", "deployed", "this commit"], found.images),
    ...Object.entries(found.files).flatMap(([group, changes]) =>
      list(
        `Changed ${group}`,
        changes.map(({ status, path }) => `${status} ${path}`),
      ),
    ),
    ...keys("Settings that stay different", ["key", source.stack, target.stack], apart),
    `What the engine would do to ${target.stack}:`,
  ].join("\n");
}

function state(last: Deployment | undefined, known: string | undefined): string {
  if (last === undefined) return "has nothing deployed: everything is new";
  const commit = last.commit === undefined ? "an unknown commit" : short(last.commit);
  const clean = `${last.dirty ? ", with uncommitted changes" : ""}${last.partial ? ", in part" : ""}`;
  const result = last.succeeded ? "runs" : "was last updated without success to";
  return `${result} ${commit}${clean}${known === undefined ? ", which this clone does not have" : ""}`;
}

function list(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`)];
}

function keys(title: string, head: readonly string[], changes: readonly KeyChange[]): string[] {
  if (changes.length === 0) return [];
  return [
    `${title}:`,
    table(
      head,
      changes.map(({ key, before, after }) => [key, before, after]),
    ),
  ];
}

function toJson({ source, target, repository }: Sides, rest: object): string {
  const { head: commit } = repository;
  const refused = "refusals" in rest;
  return JSON.stringify({ ok: !refused, commit, from: source.stack, to: target.stack, ...rest }, undefined, 2);
}

function short(commit: string | undefined): string {
  return commit?.slice(0, 12) ?? "an unknown commit";
}

const SHOWN = 5;

function shortened(files: readonly string[]): string {
  const more = files.length > SHOWN ? ` and ${files.length - SHOWN} more` : "";
  return `${files.slice(0, SHOWN).join(", ")}${more}`;
}
