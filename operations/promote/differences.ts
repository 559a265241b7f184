import { createHash } from "node:crypto";

import { load } from "js-yaml";

import { images as pinned } from "../../components/images";
import type { ResolvedOutputs } from "../../components/stack-outputs";
import type { Change, Repository } from "./repository";

/** Where what a promotion brings is looked for, in the order in which it is shown. A file counts where it fits first. */
const GROUPS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["alert rules", /^configs\/prometheus\/rules\//],
  ["dashboards", /^configs\/grafana\/dashboards\//],
  ["configuration of programs", /^configs\//],
  ["images", /^components\/images\.ts$/],
  ["settings", /^(Pulumi\.yaml|components\/settings\/)/],
  ["program", /^(index\.ts|package(-lock)?\.json|components\/)/],
];

export interface KeyChange {
  readonly key: string;
  readonly before: string;
  readonly after: string;
}

/** What the target does not have yet. Values of keys and images are as people read them. */
export interface Differences {
  /** Commits that the target does not have, newest first. */
  readonly commits: readonly string[];
  /** Whether the target has commits that the current one does not: then this is a way back. */
  readonly backwards: boolean;
  /** Keys of the target's own configuration file. */
  readonly configuration: readonly KeyChange[];
  /** Programs that the target runs with another release of their image than the current commit's. */
  readonly images: readonly KeyChange[];
  /** Changed files that make up the stack, by what they are. */
  readonly files: Readonly<Record<string, readonly Change[]>>;
}

const NONE = "none";

/** What lies between the target's commit and the current one. Without the former everything is new, and nothing is listed. */
export async function differences(
  repository: Repository,
  deployedCommit: string | undefined,
  target: string,
  outputs: Partial<ResolvedOutputs>,
): Promise<Differences> {
  const images = otherReleases(outputs);
  if (deployedCommit === undefined) return { commits: [], backwards: false, configuration: [], images, files: {} };
  const { head } = repository;
  const file = `Pulumi.${target}.yaml`;
  const [before, after] = [await repository.file(deployedCommit, file), await repository.file(head, file)];
  return {
    commits: await repository.commits(deployedCommit, head),
    backwards: !(await repository.isBefore(deployedCommit, head)),
    configuration: keyChanges(keysOf(before), keysOf(after)),
    images,
    files: grouped(await repository.changes(deployedCommit, head)),
  };
}

/** Configuration keys that two stacks set differently in a commit: what promotion leaves as it is. */
export async function settingsApart(repository: Repository, source: string, target: string): Promise<KeyChange[]> {
  const read = (stack: string) => repository.file(repository.head, `Pulumi.${stack}.yaml`);
  return keyChanges(keysOf(await read(source)), keysOf(await read(target)));
}

function keyChanges(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): KeyChange[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .sort()
    .map((key) => ({ key, before: before.get(key) ?? NONE, after: after.get(key) ?? NONE }))
    .filter((change) => change.before !== change.after);
}

function keysOf(text: string | undefined): Map<string, string> {
  const { config } = (load(text ?? "") ?? {}) as { config?: Readonly<Record<string, unknown>> };
  return new Map(Object.entries(config ?? {}).map(([key, value]) => [key.replace(/^[^:]*:/, ""), shown(value)]));
}

/** A secret is encrypted in the file; that it changed is said, and nothing of it. */
function shown(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  const text = JSON.stringify(value);
  return "secure" in value ? `secret, ${createHash("sha256").update(text).digest("hex").slice(0, 8)}` : text;
}

function otherReleases({ programs = [] }: Partial<ResolvedOutputs>): KeyChange[] {
  const references = Object.values(pinned).map(({ reference }) => reference);
  return programs.flatMap(({ name, image }) => {
    const after = references.find((reference) => withoutTag(reference) === withoutTag(image));
    return after === undefined || after === image ? [] : [{ key: name, before: image, after }];
  });
}

function withoutTag(reference: string): string {
  return reference.replace(/@.*$/, "").replace(/:[^/:]*$/, "");
}

function grouped(changes: readonly Change[]): Record<string, Change[]> {
  const groups: Record<string, Change[]> = {};
  for (const change of changes) {
    const group = GROUPS.find(([, pattern]) => pattern.test(change.path));
    if (group !== undefined) (groups[group[0]] ??= []).push(change);
  }
  return Object.fromEntries(GROUPS.flatMap(([name]) => (groups[name] ? [[name, groups[name]]] : [])));
}
