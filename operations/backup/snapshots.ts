import { setTimeout as sleep } from "node:timers/promises";

import type { KeptData } from "../../components/platform/platform";
import type { ProgramOutput } from "../../components/stack-outputs";
import { ElasticsearchApi } from "../elasticsearch/api";
import { UsageError } from "../fail";
import type { PlatformClient } from "../platform/client";

/** The store that is saved by its own snapshots: a copy of a node's data folder does not make an index again. */
export const ELASTICSEARCH = "elasticsearch";

/** Among its data, the volume that snapshots are written to. */
export const SNAPSHOTS = "elasticsearch-snapshots";

/** What a snapshot holds, as far as the stack has it: the data streams of the lines, and Jaeger's indices. */
export const SAVED = ["logs-pyairtable*", "jaeger-*"];

/** A folder of the volume that Elasticsearch knows as a repository. */
export interface Repository {
  /** Name of the repository. */
  readonly name: string;
  /** The folder, from the volume's root. All of the first folder of its path is the repository's. */
  readonly folder: string;
  readonly readonly?: boolean;
}

/** Where a backup is written. Its archive holds the folder, so the name is part of what a backup is. */
export const WRITTEN: Repository = { name: "pyairtable-backup", folder: "backup" };

/** Name of the one snapshot that each repository holds. */
const SNAPSHOT = "lines";

const POLL_MS = 1_000;
/** More than the largest volume takes; a snapshot that takes longer hangs. */
const LONGEST_SECONDS = 6 * 3_600;

/** A snapshot, as Elasticsearch lists it. */
export interface Snapshot {
  readonly state: "IN_PROGRESS" | "SUCCESS" | "PARTIAL" | "FAILED" | "INCOMPATIBLE";
  readonly version: string;
  readonly indices: readonly string[];
  readonly data_streams: readonly string[];
  readonly failures: readonly { readonly index: string; readonly reason: string }[];
}

/**
 * The volume for snapshots.
 *
 * @throws UsageError when the stack has none.
 */
export function snapshotVolume({ data }: ProgramOutput): KeptData {
  const volume = data.find(({ name }) => name === SNAPSHOTS);
  if (volume) return volume;
  throw new UsageError(
    "Elasticsearch has several nodes and no folder to which all of them write, so it can not be backed up. Name a storage " +
      "class for ReadWriteMany: pulumi config set --path elasticsearchSnapshots.storageClass <class>   and deploy. " +
      "Or save the rest: npx monitoring backup --without elasticsearch",
  );
}

/** Elasticsearch's repositories and snapshots, as the user for backups sees them. */
export class Snapshots {
  readonly api: ElasticsearchApi;

  constructor(
    private readonly client: PlatformClient,
    program: ProgramOutput,
  ) {
    this.api = new ElasticsearchApi(client, program, "backup");
  }

  async register({ name, folder, readonly = false }: Repository): Promise<void> {
    const body = { type: "fs", settings: { location: folder, readonly } };
    await this.api.ask("PUT", `_snapshot/${name}`, { body });
  }

  /**
   * Writes a snapshot of what the stack keeps, in place of one that the repository has.
   *
   * @throws Error when it is not whole, or the signal ends it.
   */
  async create(repository: Repository, signal?: AbortSignal): Promise<void> {
    await this.register(repository);
    await this.api.remove(`_snapshot/${repository.name}/${SNAPSHOT}`);
    const body = { indices: SAVED, ignore_unavailable: true, include_global_state: false };
    await this.api.ask("PUT", `_snapshot/${repository.name}/${SNAPSHOT}`, { body });
    const end = Date.now() + LONGEST_SECONDS * 1_000;
    for (;;) {
      const snapshot = await this.read(repository);
      if (snapshot?.state === "SUCCESS") return;
      if (snapshot?.state !== "IN_PROGRESS" || signal?.aborted || Date.now() > end) {
        await this.api.remove(`_snapshot/${repository.name}/${SNAPSHOT}`);
        signal?.throwIfAborted();
        throw new Error(`Elasticsearch's snapshot is ${snapshot?.state ?? "gone"}: ${reasons(snapshot)}`);
      }
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** The snapshot of a repository; nothing where it holds none or is not registered. */
  async read({ name }: Repository): Promise<Snapshot | undefined> {
    return (await this.api.find<{ snapshots: Snapshot[] }>(`_snapshot/${name}/${SNAPSHOT}`))?.snapshots[0];
  }

  /**
   * Restores a repository's snapshot. Nothing of the same names may be there.
   *
   * @param body what the request asks for beside the indices.
   */
  async restore({ name }: Repository, body: object): Promise<void> {
    type Answer = { readonly snapshot: { readonly shards: { readonly total: number; readonly successful: number } } };
    const { snapshot } = await this.api.ask<Answer>(
      "POST",
      `_snapshot/${name}/${SNAPSHOT}/_restore?wait_for_completion=true`,
      { body: { indices: SAVED, include_global_state: false, ...body }, seconds: LONGEST_SECONDS },
    );
    const { total, successful } = snapshot.shards;
    if (successful < total) throw new Error(`Elasticsearch restored ${successful} of ${total} shards`);
  }

  /** Forgets repositories and removes their folders. */
  async discard(volume: string, repositories: readonly Repository[]): Promise<void> {
    for (const { name } of repositories) await this.api.remove(`_snapshot/${name}`);
    const folders = repositories.map(({ folder }) => folder.split("/")[0]);
    await this.client.inVolume(volume, `rm -rf ${folders.join(" ")}`);
  }
}

function reasons(snapshot: Snapshot | undefined): string {
  const named = snapshot?.failures.map(({ index, reason }) => `${index}: ${reason}`) ?? [];
  return named.length > 0
    ? named.join("; ")
    : "no reason known; look at its log with: npx monitoring logs elasticsearch";
}
