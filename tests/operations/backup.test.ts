import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Readable } from "node:stream";

import { pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { ProgramOutput } from "../../components/stack-outputs";
import { listArchive, readArchive, writeArchive } from "../../operations/backup/archive";
import { printOf, unreadableLines } from "../../operations/backup/grafana-key";
import {
  checkArchives,
  manifestOf,
  parseManifest,
  readManifest,
  writeManifest,
  type ArchivedVolume,
  type Manifest,
} from "../../operations/backup/manifest";
import { checkRoomFor, planOf, unusedOf } from "../../operations/backup/plan";
import { missingLines, selectionOf, withoutStandIn } from "../../operations/backup/selection";
import { UsageError } from "../../operations/fail";
import type { Session } from "../../operations/session";
import { copyStopped, stoppedTogether } from "../../operations/verbs/backup";
import { FolderClient, programOf } from "./support/folder-client";

const LOKI: ArchivedVolume = {
  program: "loki",
  data: "loki",
  image: "example/loki:3.7.8",
  file: "loki-loki.tar.gz",
  sha256: "0".repeat(64),
  bytes: 10,
  unpacked: 100,
  entries: 2,
};

describe("a backup's archives and manifest", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "backup-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const archive = async () => {
    const tar = pack();
    tar.entry({ name: "./", type: "directory" });
    tar.entry({ name: "./chunk" }, "a".repeat(5_000));
    tar.finalize();
    const content = await writeArchive(tar as unknown as Readable, path.join(folder, LOKI.file));
    const manifest = manifestOf("dev", [{ ...LOKI, ...content }]);
    await writeManifest(folder, manifest);
    return manifest;
  };

  it("say what was written, by reading it back", async () => {
    const { volumes } = await archive();
    const [written] = volumes;
    const file = await readFile(path.join(folder, LOKI.file));
    expect(written).toMatchObject({
      sha256: createHash("sha256").update(file).digest("hex"),
      bytes: file.length,
      unpacked: 5_000,
      entries: 2,
    });
    const manifest = await readManifest(folder);
    expect(manifest.volumes).toEqual(volumes);
    await expect(checkArchives(folder, manifest)).resolves.toBeUndefined();
    const chunks: Buffer[] = [];
    for await (const chunk of readArchive(path.join(folder, LOKI.file))) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString("utf8")).toContain("a".repeat(5_000));
  });

  it("are refused when a file is missing, short, or changed", async () => {
    const manifest = await archive();
    const file = path.join(folder, LOKI.file);
    const content = await readFile(file);
    const changed = Buffer.from(content);
    changed.writeUInt8(changed.readUInt8(20) ^ 1, 20);
    await writeFile(file, changed);
    await expect(checkArchives(folder, manifest)).rejects.toThrow(/the checksum of .*loki-loki\.tar\.gz is not/);
    await truncate(file, 30);
    await expect(checkArchives(folder, manifest)).rejects.toThrow(/has 30 bytes instead of/);
    await rm(file);
    await expect(checkArchives(folder, manifest)).rejects.toThrow(/loki-loki\.tar\.gz is missing/);
  });

  it("are found broken by their own form as well", async () => {
    await archive();
    const file = path.join(folder, LOKI.file);
    await truncate(file, 40);
    await expect(listArchive(file)).rejects.toThrow();
  });

  it("are refused when the manifest is of something else", async () => {
    await expect(readManifest(folder)).rejects.toThrow(
      new UsageError(`${folder} is no backup: it has no manifest.json`),
    );
    const good = JSON.stringify(manifestOf("dev", [LOKI]));
    expect(() => parseManifest("{", "m")).toThrow("m is damaged: it is not JSON");
    expect(() => parseManifest(good.replace('"format":1', '"format":2'), "m")).toThrow(/this version reads: format/);
    expect(() => parseManifest(good.replace("pyairtable-monitoring", "other"), "m")).toThrow(/reads: project/);
    expect(() => parseManifest(good.replace("loki-loki.tar.gz", "../loki.tar.gz"), "m")).toThrow(/volumes\.0\.file/);
  });
});

describe("what a backup holds", () => {
  // Several nodes of Elasticsearch without a folder for snapshots.
  const programs = [programOf("elasticsearch"), programOf("prometheus"), { ...programOf("kibana"), data: [] }];
  const names = (without: string[]) => selectionOf({ programs }, without).programs.map(({ name }) => name);

  it("is refused as a whole where Elasticsearch can not be saved, with the way to save the rest", () => {
    expect(() => names([])).toThrow(/elasticsearchSnapshots\.storageClass.*--without elasticsearch$/);
    expect(names(["elasticsearch"])).toEqual(["prometheus"]);
  });

  it("lacks nothing but what is named and keeps data", () => {
    expect(() => names(["kibana"])).toThrow(
      new UsageError(
        '--without takes a program of the stack that keeps data, not "kibana"; take some of elasticsearch, prometheus',
      ),
    );
    expect(() => names(["elasticsearch", "prometheus"])).toThrow(/nothing would be in the backup/);
  });

  it("says what it lacks, to people and in the manifest", () => {
    const { notIncluded } = selectionOf({ programs, grafanaDatabase: "db:5432" }, ["elasticsearch", "elasticsearch"]);
    expect(missingLines(notIncluded)).toEqual([
      "not in this backup: elasticsearch; left out with --without",
      "not in this backup: Grafana's PostgreSQL at db:5432; back it up with pg_dump",
    ]);
    const manifest = manifestOf("prod", [LOKI], notIncluded);
    expect(parseManifest(JSON.stringify(manifest), "m").notIncluded).toEqual(notIncluded);
    const older = { ...manifest, notIncluded: undefined };
    expect(parseManifest(JSON.stringify(older), "m").notIncluded).toEqual([]);
  });
});

describe("a backup of what Grafana has encrypted", () => {
  const KEY = "a key of the stack that was backed up";
  const grafana = { ...LOKI, program: "grafana", data: "grafana", file: "grafana-grafana.tar.gz" };
  const written = (volumes: ArchivedVolume[], key = KEY) =>
    parseManifest(JSON.stringify(manifestOf("dev", volumes, [], printOf(key))), "m");

  it("holds no key, and not the same text twice", () => {
    const [first, second] = [written([grafana]), written([grafana])];
    expect(JSON.stringify(first)).not.toContain(KEY);
    expect(first.grafanaKey?.hash).not.toBe(second.grafanaKey?.hash);
  });

  it("is read by a stack with the same key, and by another but for the secrets, which it says", () => {
    expect(unreadableLines(written([grafana]), { grafanaSecretKey: KEY })).toEqual([]);
    expect(unreadableLines(written([grafana]), { grafanaSecretKey: `${KEY}.` })).toEqual([
      expect.stringMatching(/^not readable here: passwords of data sources.*--secret grafanaSecretKey/),
    ]);
  });

  it("says nothing where Grafana's data is not in it, or the key is not known", () => {
    const other = { grafanaSecretKey: "another" };
    expect(unreadableLines(written([LOKI]), other)).toEqual([]);
    expect(unreadableLines(manifestOf("dev", [grafana]), other)).toEqual([]);
    expect(unreadableLines(written([grafana]), {})).toEqual([]);
  });
});

describe("a backup of a stack whose Elasticsearch is a stand-in", () => {
  const elasticsearch = {
    ...programOf("elasticsearch"),
    data: [{ name: "elasticsearch-snapshots", handle: "s", size: 1 }],
  };
  const stateOf = (standIn: boolean) => ({ state: () => Promise.resolve({ running: true, standIn }) });
  const both = selectionOf({ programs: [elasticsearch, programOf("loki")], lokiBucket: "lines at https://s3" }, []);

  it("says that its lines are not in it, and saves the rest", async () => {
    const { programs, notIncluded } = await withoutStandIn(both, stateOf(true));
    expect(programs.map(({ name }) => name)).toEqual(["loki"]);
    expect(missingLines(notIncluded)).toEqual([
      "not in this backup: Loki's bucket lines at https://s3; its store's own copies are its backup",
      "not in this backup: elasticsearch; a stand-in runs in its place, which keeps no lines and writes no snapshot",
    ]);
  });

  it("is as usual where the real one runs", async () => {
    expect(await withoutStandIn(both, stateOf(false))).toEqual(both);
  });

  it("is refused where nothing else keeps data", async () => {
    const alone = selectionOf({ programs: [elasticsearch] }, []);
    await expect(withoutStandIn(alone, stateOf(true))).rejects.toThrow(/nothing would be in the backup: of elastic/);
  });
});

describe("what a restore plans", () => {
  const outputs = { programs: [programOf("prometheus"), programOf("loki", "example/loki:3.7.8")] };

  it("is the volume of each archive", () => {
    const [step] = planOf(manifestOf("dev", [LOKI]), "dev", outputs, false);
    expect(step).toMatchObject({ volume: "stack-loki", archive: LOKI, program: { name: "loki" } });
  });

  it("takes another stack's backup only when told to", () => {
    const foreign = manifestOf("prod", [LOKI]);
    expect(() => planOf(foreign, "dev", outputs, false)).toThrow(
      /of the stack "prod", not of "dev".*--from-other-stack/,
    );
    expect(planOf(foreign, "dev", outputs, true)).toHaveLength(1);
  });

  it("leaves out nothing that the backup holds", () => {
    const elastic = { ...LOKI, program: "elasticsearch", data: "elasticsearch" };
    expect(() => planOf(manifestOf("dev", [elastic]), "dev", outputs, false)).toThrow(/holds data of elasticsearch/);
  });

  describe("after a change of replicas", () => {
    const copies = (name: string, ...data: string[]) => ({
      ...programOf(name),
      data: data.map((one) => ({ name: one, handle: `claim-${one}`, size: 1 })),
    });
    const backupOf = (program: string, ...data: string[]) =>
      manifestOf(
        "dev",
        data.map((one) => ({ ...LOKI, program, data: one, image: "example/x:1.0.0" })),
      );
    const volumes = (manifest: Manifest, program: ProgramOutput) =>
      planOf(manifest, "dev", { programs: [program] }, false).map(({ archive, volume }) => [archive.data, volume]);

    it("gives the data of one to the first of several, and back", () => {
      const [one, two] = [copies("prometheus", "prometheus"), copies("prometheus", "prometheus-0", "prometheus-1")];
      expect(volumes(backupOf("prometheus", "prometheus"), two)).toEqual([["prometheus", "claim-prometheus-0"]]);
      const both = backupOf("prometheus", "prometheus-0", "prometheus-1");
      expect(volumes(both, one)).toEqual([["prometheus-0", "claim-prometheus"]]);
      const unused = unusedOf(both, planOf(both, "dev", { programs: [one] }, false));
      expect(unused.map(({ data }) => data)).toEqual(["prometheus-1"]);
      expect(volumes(both, two)).toHaveLength(2);
    });

    it("loses no copy whose data is its own", () => {
      const three = backupOf("logstash", "logstash-0", "logstash-1", "logstash-2");
      expect(() => volumes(three, copies("logstash", "logstash-0", "logstash-1"))).toThrow(
        /holds "logstash-2", of a copy of logstash.*--path replicas\.logstash/,
      );
    });
  });

  it.each([
    ["example/loki:3.8.0", true],
    ["example/loki:v3.7.9", true],
    ["example/loki:3.7.8", false],
    ["example/loki:3.6.0", false],
    [`example/loki:3.7.8@sha256:${"9".repeat(64)}`, false],
    [`example/loki:3.8.0@sha256:${"1".repeat(64)}`, true],
  ])("compares releases: %s", (image, refused) => {
    const plan = () => planOf(manifestOf("dev", [{ ...LOKI, image }]), "dev", outputs, false);
    if (refused) expect(plan).toThrow(/newer than the stack's example\/loki:3\.7\.8/);
    else expect(plan()).toHaveLength(1);
  });

  it("needs room for both contents", () => {
    const steps = planOf(manifestOf("dev", [LOKI]), "dev", outputs, false);
    const use = { volume: "stack-loki", disk: "sda", used: 1, total: 1_000 };
    expect(() => checkRoomFor(steps, [{ ...use, free: 99 }])).toThrow(/99 B left; unpacking the backup takes 100 B/);
    expect(() => checkRoomFor(steps, [{ ...use, free: 100 }])).not.toThrow();
  });
});

describe("what a backup stops together", () => {
  it("is Prometheus with Alertmanager, and every other program that keeps data alone", () => {
    const bare = { ...programOf("cadvisor"), data: [] };
    const programs = [programOf("prometheus"), programOf("loki"), bare, programOf("alertmanager")];
    const names = stoppedTogether(programs).map((group) => group.map(({ name }) => name));
    expect(names).toEqual([["prometheus", "alertmanager"], ["loki"]]);
  });

  it("ends before what it sends to, and begins after it", async () => {
    const [folder, folders] = [await mkdtemp(path.join(tmpdir(), "backup-")), await FolderClient.create()];
    const programs = ["alertmanager", "prometheus"].map((name) => programOf(name));
    const session = { client: folders.client } as Session;
    try {
      for (const program of programs) {
        await mkdir(path.join(folders.root, `stack-${program.name}`));
        await folders.client.start(program);
      }
      folders.events.length = 0;
      const copied = await copyStopped(session, programs, folder, new AbortController().signal);
      expect(copied.map(({ program }) => program)).toEqual(["alertmanager", "prometheus"]);
      expect(folders.events).toEqual([
        "stop prometheus",
        "stop alertmanager",
        "start alertmanager",
        "start prometheus",
      ]);
    } finally {
      await folders.remove();
      await rm(folder, { recursive: true });
    }
  });
});
