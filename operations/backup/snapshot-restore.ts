import path from "node:path";

import type { ProgramOutput } from "../../components/stack-outputs";
import { UsageError } from "../fail";
import { report, type Session } from "../session";
import { readArchive } from "./archive";
import type { Step } from "./plan";
import { ELASTICSEARCH, SAVED, Snapshots, snapshotVolume, WRITTEN, type Repository } from "./snapshots";

/** What the archive of a backup unpacks to. */
const UNPACKED = "restore";
const READ: Repository = { name: "pyairtable-restore", folder: `${UNPACKED}/${WRITTEN.folder}`, readonly: true };

/** What was there before a restore, for as long as it may still fail. */
const BEFORE: Repository = { name: "pyairtable-before", folder: "before" };

/** Programs that write to Elasticsearch: they would begin a new stream between the removal and the return of the old one. */
const WRITERS = ["otel-gateway", "otel-collector", "jaeger", "logstash", "filebeat"];

/** A data stream of lines; its last part is the stack's environment. */
const STREAM = /^logs-pyairtable(?:[.]otlp)?-(.+)$/;

/**
 * What Elasticsearch keeps, in a restore. Its programs go on while the backup is unpacked and read; what is there is
 * saved before it is removed, and comes back when the restore fails.
 */
export class SnapshotRestore {
  readonly #snapshots: Snapshots;
  readonly #volume: string;

  /** @param program Elasticsearch, as the outputs have it. */
  constructor(
    private readonly session: Session,
    program: ProgramOutput,
  ) {
    this.#snapshots = new Snapshots(session.client, program);
    this.#volume = snapshotVolume(program).handle;
  }

  /** Programs that must not run while indices are exchanged. */
  writers(): ProgramOutput[] {
    return this.session.outputs.programs.filter(({ name }) => WRITERS.includes(name));
  }

  /** Whether an earlier restore was cut off after it had saved what was there, and before it was done. */
  async isCutOff(): Promise<boolean> {
    return (await this.#snapshots.read(BEFORE))?.state === "SUCCESS";
  }

  /**
   * Unpacks a backup beside what is there, and reads it.
   *
   * @throws UsageError when it holds no whole snapshot; nothing of it is left then.
   */
  async prepare(step: Step, source: string): Promise<void> {
    report(`unpacking ${ELASTICSEARCH}`);
    await this.discard();
    try {
      await this.#unpack(step, source);
    } catch (error) {
      await this.discard();
      throw error;
    }
  }

  async #unpack({ archive }: Step, source: string): Promise<void> {
    const { client } = this.session;
    await client.inVolume(this.#volume, `mkdir ${UNPACKED}`);
    await client.write(this.#volume, UNPACKED, readArchive(path.join(source, archive.file)));
    const found = Number((await client.inVolume(this.#volume, `find ${UNPACKED} | wc -l`)).trim());
    if (found < archive.entries)
      throw new Error(`${archive.file}: ${found} of its ${archive.entries} entries arrived in ${this.#volume}`);
    await this.#snapshots.register(READ);
    const snapshot = await this.#snapshots.read(READ);
    if (snapshot?.state !== "SUCCESS")
      throw new UsageError(`${archive.file} holds no whole snapshot of Elasticsearch: ${snapshot?.state ?? "none"}`);
  }

  /** Puts the backup's indices in the place of those that are there. No writer may run. */
  async exchange(): Promise<void> {
    report(`restoring ${ELASTICSEARCH}`);
    const changes = { ...(await this.#renaming()), index_settings: await this.#copies() };
    await this.#snapshots.create(BEFORE);
    await this.#removeAll();
    await this.#snapshots.restore(READ, changes);
  }

  /** Puts back what was there, however far an exchange went. No writer may run. */
  async undo(): Promise<void> {
    if (!(await this.isCutOff())) return;
    await this.#removeAll();
    await this.#snapshots.restore(BEFORE, {});
  }

  /** Removes what a restore has written beside the indices. */
  async discard(): Promise<void> {
    await this.#snapshots.discard(this.#volume, [READ, BEFORE]);
  }

  async #removeAll(): Promise<void> {
    type Listed = { readonly name: string }[];
    const { indices, data_streams: streams } = await this.#snapshots.api.ask<{ indices: Listed; data_streams: Listed }>(
      "GET",
      `_resolve/index/${SAVED.join(",")}?expand_wildcards=open,closed`,
    );
    for (const { name } of streams) await this.#snapshots.api.remove(`_data_stream/${name}`);
    for (const { name } of indices) await this.#snapshots.api.remove(name);
  }

  /** A backup of another stack has that one's environment in the names of its streams. */
  async #renaming(): Promise<object> {
    type Templates = {
      readonly index_templates: { readonly index_template: { readonly index_patterns: readonly string[] } }[];
    };
    const { index_templates: templates } = await this.#snapshots.api.ask<Templates>(
      "GET",
      "_index_template/pyairtable-logs",
    );
    const here = environmentOf(templates.flatMap(({ index_template: template }) => template.index_patterns));
    const there = environmentOf((await this.#snapshots.read(READ))?.data_streams ?? []);
    if (here === undefined || there === undefined || here === there) return {};
    return { rename_pattern: `^logs-pyairtable([.]otlp)?-${there}`, rename_replacement: `logs-pyairtable$1-${here}` };
  }

  /** As many copies as the stack has nodes for, whatever the other one had. */
  async #copies(): Promise<object> {
    type Health = { readonly number_of_data_nodes: number };
    const { number_of_data_nodes: nodes } = await this.#snapshots.api.ask<Health>("GET", "_cluster/health");
    return { "index.number_of_replicas": nodes > 1 ? 1 : 0 };
  }
}

function environmentOf(streams: readonly string[]): string | undefined {
  return streams.map((name) => STREAM.exec(name)?.[1]).find((environment) => environment !== undefined);
}
