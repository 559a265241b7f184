import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import type Docker from "dockerode";
import { dump, load } from "js-yaml";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

import type { ResolvedOutputs } from "../../components/stack-outputs";
import { readManifest } from "../../operations/backup/manifest";
import { planOf, type Step } from "../../operations/backup/plan";
import { SnapshotRestore } from "../../operations/backup/snapshot-restore";
import { SNAPSHOTS } from "../../operations/backup/snapshots";
import { DockerClient } from "../../operations/platform/docker";
import type { Session } from "../../operations/session";
import { Elasticsearch } from "./support/elk";
import { eventually } from "./support/eventually";
import { leftoversOf, runService } from "./support/test-stack";
import { Checkout, failures } from "./support/verbs";

const KEPT = "written before the backup";
const LATER = "written after the backup";
const ARCHIVE = "elasticsearch-elasticsearch-snapshots.tar.gz";

/** A stack whose only log store is Elasticsearch, under the verbs; the tests follow each other in this order. */
describe("npx monitoring with Elasticsearch", () => {
  let checkout: Checkout;
  let folder: string;
  let target: string;
  let elasticsearch: Elasticsearch;
  let probe: { readonly id: string };

  const deploy = async () => {
    const { code, stderr, stdout } = await checkout.run("deploy", "elk", "--json");
    expect(code, stderr + stdout).toBe(0);
    elasticsearch = await Elasticsearch.of(checkout.stack);
  };
  let environment: string;
  const stream = (kind = "") => `logs-pyairtable${kind}-${environment}`;
  const lines = async (text: string, index = stream()) => {
    const { status } = await elasticsearch.ask(`/${index}`, { login: elasticsearch.elastic });
    return status === 404 ? 0 : (await elasticsearch.search(index, `message:"${text}"`)).length;
  };
  const write = async (text: string) => {
    const outputs = await outputsOf();
    const name = `${checkout.stack}-service`;
    const service: Docker.Container = await runService({
      name,
      network: outputs.services.network,
      alias: "api-gateway",
      script: `echo '${text}'; sleep 600`,
    });
    try {
      return await eventually(
        `"${text}" in Elasticsearch`,
        async () => ((await lines(text)) > 0 ? true : undefined),
        90,
      );
    } finally {
      await service.remove({ force: true });
    }
  };
  const outputsOf = async () => {
    const { stdout } = await checkout.pulumi("stack", "output", "--json", "--show-secrets");
    return JSON.parse(stdout) as ResolvedOutputs;
  };

  beforeAll(async () => {
    checkout = await Checkout.create(inject("workspace").folder as string, { logstash: false });
    folder = await mkdtemp(path.join(tmpdir(), `${checkout.stack}-backups-`));
    target = path.join(folder, "first");
    environment = checkout.stack;
    await deploy();
    await write(KEPT);
  });

  afterAll(async () => {
    await checkout?.run("cleanup", "--yes");
    await checkout?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it("verifies the indices, the data source, and finds its log line again", async () => {
    const verified = await checkout.verify();
    expect(failures(verified)).toEqual([]);
    ({ probe } = verified);
    const good = verified.checks.filter(({ verdict }) => verdict === "ok");
    expect(good).toEqual(
      expect.arrayContaining(
        [
          { check: "log", subject: "elasticsearch" },
          { check: "indices", subject: "elasticsearch" },
          { check: "data source", subject: "elasticsearch" },
        ].map((check) => expect.objectContaining(check) as unknown),
      ),
    );
    expect(await lines(probe.id, stream(".otlp"))).toBe(1);
  });

  it("shows its disk beside its size, and how long lines are kept", async () => {
    const { stdout } = await checkout.run("status", "--json");
    const { programs } = JSON.parse(stdout) as { programs: { name: string; disk: number; diskSize: number }[] };
    const shown = programs.find(({ name }) => name === "elasticsearch");
    expect(shown).toMatchObject({ health: "healthy", retention: "720h", diskSize: 2 * 20 * 2 ** 30 });
    expect(shown?.disk).toBeGreaterThan(2 ** 10);
  });

  it("backs up a snapshot, and leaves neither it nor its repository behind", async () => {
    const { code, stderr } = await checkout.run("backup", target);
    expect(code, stderr).toBe(0);
    const { volumes } = await readManifest(target);
    expect(volumes.filter(({ program }) => program === "elasticsearch").map(({ file }) => file)).toEqual([ARCHIVE]);
    const { body } = await elasticsearch.ask("/_snapshot", { login: elasticsearch.elastic });
    expect(body).toEqual({});
    expect(await lines(KEPT)).toBe(1);
  });

  it("refuses a backup of another stack and a damaged one, before it touches a line", async () => {
    await write(LATER);
    const manifest = path.join(target, "manifest.json");
    const text = await readFile(manifest, "utf8");
    await writeFile(manifest, text.replace(`"stack": "${checkout.stack}"`, '"stack": "another"'));
    const foreign = await checkout.run("restore", target, "--yes");
    expect(foreign).toMatchObject({ code: 2 });
    expect(foreign.stderr).toContain('the backup is of the stack "another"');
    await writeFile(manifest, text);

    const archive = path.join(target, ARCHIVE);
    const content = await readFile(archive);
    const damaged = Buffer.from(content);
    const middle = Math.floor(content.length / 2);
    damaged.writeUInt8(damaged.readUInt8(middle) ^ 0xff, middle);
    await writeFile(archive, damaged);
    const broken = await checkout.run("restore", target, "--yes");
    expect(broken).toMatchObject({ code: 2 });
    expect(broken.stderr).toContain(`the backup is damaged: the checksum of ${archive}`);
    await writeFile(archive, content);
    expect([await lines(KEPT), await lines(LATER)]).toEqual([1, 1]);
  });

  it("puts back what was there when a restore fails after the lines were exchanged", async () => {
    const outputs = await outputsOf();
    const client = await DockerClient.connect(outputs);
    const session = { client, outputs } as unknown as Session;
    const steps = planOf(await readManifest(target), checkout.stack, outputs, false);
    const step = steps.find(({ archive }) => archive.data === SNAPSHOTS) as Step;
    const restore = new SnapshotRestore(session, step.program);
    await restore.prepare(step, target);
    expect([await lines(KEPT), await lines(LATER)]).toEqual([1, 1]);
    const writers = restore.writers();
    expect(writers.map(({ name }) => name).sort()).toEqual(["filebeat", "jaeger", "otel-collector"]);
    for (const program of writers) await client.stop(program);
    await restore.exchange();
    expect([await lines(KEPT), await lines(LATER)]).toEqual([1, 0]);
    expect(await restore.isCutOff()).toBe(true);
    await restore.undo();
    expect([await lines(KEPT), await lines(LATER)]).toEqual([1, 1]);
    await restore.discard();
    for (const program of writers) await client.start(program);
    expect(await restore.isCutOff()).toBe(false);
    await client.close();
  });

  it("brings the lines back to a new stack, of another environment", async () => {
    const { code, stdout, stderr } = await checkout.run("cleanup", "--yes");
    expect(code, stderr + stdout).toBe(0);
    expect((await leftoversOf(checkout.stack)).volumes).toEqual([]);
    environment = "other";
    const file = path.join(checkout.folder, `Pulumi.${checkout.stack}.yaml`);
    const { config } = load(await readFile(file, "utf8")) as { config: object };
    await writeFile(file, dump({ config: { ...config, "pyairtable-monitoring:environment": environment } }));
    await deploy();
    expect(await lines(KEPT)).toBe(0);

    const restored = await checkout.run("restore", target, "--yes");
    expect(restored.code, restored.stderr + restored.stdout).toBe(0);
    expect(await lines(KEPT)).toBe(1);
    expect(await lines(LATER)).toBe(0);
    expect(await lines(probe.id, stream(".otlp"))).toBe(1);
    const { body } = await elasticsearch.ask("/_snapshot", { login: elasticsearch.elastic });
    expect(body).toEqual({});
  });

  it("goes on writing to the streams that were restored", async () => {
    expect(failures(await checkout.verify())).toEqual([]);
    await write(LATER);
  });
});
