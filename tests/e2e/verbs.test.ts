import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

import { eventually, getJson, postJson } from "./support/eventually";
import { docker, exec, leftoversOf } from "./support/test-stack";
import { Checkout, failures, Webhook, type Verified } from "./support/verbs";

interface Silence {
  readonly comment: string;
}

/** The verbs as a person uses them, on one stack; the tests follow each other in this order. */
describe("npx monitoring", () => {
  let webhook: Webhook;
  let checkout: Checkout;
  let folder: string;
  let urls: Record<string, string>;

  const byHand = () => `${checkout.stack}-loki`;
  const readUrls = async () => {
    urls = await checkout.urls();
  };
  const ids = async () => {
    const all = await docker.listContainers({
      all: true,
      filters: { label: [`com.pyairtable.stack=${checkout.stack}`] },
    });
    return Object.fromEntries(all.map(({ Id, Labels }) => [Labels["com.pyairtable.service"] as string, Id]));
  };

  beforeAll(async () => {
    webhook = await Webhook.listen();
    checkout = await Checkout.create(inject("workspace").folder as string);
    folder = await mkdtemp(path.join(tmpdir(), `${checkout.stack}-backups-`));
    const set = await checkout.pulumi("config", "set", "--secret", "alertWebhookUrl", webhook.url);
    expect(set.code, set.stderr).toBe(0);
    // As a person makes one who brings a copy from another machine; the stack that comes up keeps its data there.
    await docker.createVolume({ Name: byHand() });
  });

  afterAll(async () => {
    await checkout?.run("cleanup", "--yes");
    await checkout?.remove();
    await webhook?.close();
    await rm(folder, { recursive: true, force: true });
  });

  describe("on a healthy stack", () => {
    it("deploys, with a secret that was set through the same state", async () => {
      const { code, stdout, stderr } = await checkout.run("deploy", "loki", "--json");
      expect(code, stderr).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ stack: checkout.stack, healthy: true });
      expect(await readFile(path.join(checkout.folder, `Pulumi.${checkout.stack}.yaml`), "utf8")).not.toContain(
        webhook.url,
      );
      await readUrls();
      expect((await fetch(`${urls.prometheus as string}/-/ready`)).status).toBe(200);
    });

    it("takes over a volume that was made by hand, and leaves it alone from then on", async () => {
      expect((await docker.getVolume(byHand()).inspect()).Labels).toBeNull();
      const { code, stdout, stderr } = await checkout.pulumi("preview", "--refresh", "--expect-no-changes");
      expect(code, stderr + stdout).toBe(0);
    });

    it("verifies every part, and finds a signal of each kind again", async () => {
      const verified = await checkout.verify();
      expect(failures(verified)).toEqual([]);
      expect(verified.ok).toBe(true);
      const good = verified.checks.filter(({ verdict }) => verdict === "ok").map(({ check }) => check);
      expect(good).toEqual(
        expect.arrayContaining([
          "readiness",
          "target",
          "rules",
          "alert delivery",
          "data source",
          "disk",
          "metric",
          "trace",
          "log",
          "alert",
        ]),
      );
      const started = Date.now();
      const { code, stdout } = await checkout.run("verify");
      const wall = (Date.now() - started) / 1_000;
      console.log(`verify took ${verified.seconds} s, and ${wall} s with the start of the command`);
      expect(code).toBe(0);
      expect(stdout).toMatch(/\d+ ok, \d+ warnings, 0 failed\.$/m);
    });

    it("shows memory and disk beside limits and retention", async () => {
      const { code, stdout } = await checkout.run("status", "--json");
      expect(code).toBe(0);
      type Program = {
        name: string;
        health: string;
        memory: number;
        memoryLimit: number;
        disk: number;
        diskSize: number;
        retention: string;
      };
      const { programs } = JSON.parse(stdout) as { programs: Program[] };
      const prometheus = programs.find(({ name }) => name === "prometheus") as Program;
      expect(prometheus).toMatchObject({
        health: "healthy",
        retention: "360h",
        memoryLimit: 512 * 2 ** 20,
        diskSize: 10 * 2 ** 30,
      });
      expect(prometheus.memory).toBeGreaterThan(2 ** 20);
      expect(prometheus.disk).toBeGreaterThan(0);
      expect(programs.every(({ memory, memoryLimit }) => memory < memoryLimit)).toBe(true);
    });

    it("prints logs of one program and of all, and refuses one that does not exist", async () => {
      const one = await checkout.run("logs", "prometheus", "--tail", "3");
      expect(one.stdout.trim().split("\n")).toHaveLength(3);
      const all = await checkout.run("logs", "--tail", "1");
      expect(all.stdout).toMatch(/^prometheus +\| /m);
      expect(all.stdout).toMatch(/^jaeger +\| /m);
      const none = await checkout.run("logs", "grafna");
      expect(none).toMatchObject({
        code: 2,
        stderr: 'error: the stack has no program "grafna". Did you mean "grafana"?\n',
      });
    });

    it("follows a log until it is interrupted", async () => {
      const followed = checkout.begin("logs", "prometheus", "--follow", "--tail", "0");
      try {
        await eventually("a line that came later", async () => {
          // Prometheus reads its configuration again, and says so.
          await docker.getContainer(`${checkout.stack}-prometheus`).kill({ signal: "SIGHUP" });
          return followed.stdout().includes("Completed loading of configuration file") || undefined;
        });
      } finally {
        await followed.end();
      }
    });

    it("lists dashboards, refuses a broken file, and applies an edited one to Grafana alone", async () => {
      const listed = await checkout.run("dashboards", "--json");
      const { dashboards } = JSON.parse(listed.stdout) as {
        dashboards: { title: string; url: string; file: string }[];
      };
      const files = await readdir(path.join(checkout.folder, "configs/grafana/dashboards"));
      // The one about Elasticsearch is not for this stack.
      expect(dashboards.map(({ file }) => file)).toEqual(files.filter((file) => file !== "log-store.json").sort());
      expect(dashboards[0]?.url).toContain(`${urls.grafana as string}/d/`);

      const file = path.join(checkout.folder, "configs/grafana/dashboards/ai-cost.json");
      const text = await readFile(file, "utf8");
      await writeFile(file, text.replace('"value": "prometheus"', '"value": "prometeus"'));
      const refused = await checkout.run("dashboards", "apply");
      expect(refused.code).toBe(1);
      expect(refused.stdout).toContain("uses prometeus, which is no provisioned data source");

      const before = await ids();
      await writeFile(file, JSON.stringify({ ...(JSON.parse(text) as object), title: "Edited by hand" }));
      const applied = await checkout.run("dashboards", "apply");
      expect(applied.code, applied.stderr + applied.stdout).toBe(0);
      const after = await ids();
      expect(
        Object.keys(after)
          .filter((name) => after[name] !== before[name])
          .sort(),
      ).toEqual(["grafana", "grafana-files"]);
      const inside = await exec(`${checkout.stack}-grafana`, ["cat", "/etc/grafana/dashboards/ai-cost.json"]);
      expect(inside.output).toContain("Edited by hand");
    });
  });

  describe("with a backup", () => {
    let seeded: Verified["probe"];
    let target: string;

    const found = async () => {
      const [metric, traces, lines, silences, database] = await Promise.all([
        getJson<{ data: { result: unknown[] } }>(
          `${urls.prometheus as string}/api/v1/query?query=${encodeURIComponent(`monitoring_verify == ${seeded.value}`)}&time=${seeded.value / 1_000 + 5}`,
        ),
        getJson<{ data: { traceID: string }[] }>(`${urls.jaeger as string}/api/traces/${seeded.id}`).catch(() => ({
          data: [],
        })),
        getJson<{ data: { result: unknown[] } }>(
          `${urls.loki as string}/loki/api/v1/query_range?query=${encodeURIComponent(`{service_name="monitoring-verify"} |= "${seeded.id}"`)}&since=1h`,
        ),
        getJson<Silence[]>(`${urls.alertmanager as string}/api/v2/silences`),
        exec(`${checkout.stack}-grafana`, ["cat", "/var/lib/grafana/grafana.db"]),
      ]);
      return {
        samples: metric.data.result.length,
        traces: traces.data.length,
        lines: lines.data.result.length,
        silences: silences.map(({ comment }) => comment),
        database: database.output,
      };
    };
    const all = { samples: 1, traces: 1, lines: 1, silences: ["kept over a cleanup"], database: "edited by hand" };

    it("copies everything that the programs keep, and lets them go on", async () => {
      seeded = (await checkout.verify()).probe;
      await postJson(`${urls.alertmanager as string}/api/v2/silences`, {
        matchers: [{ name: "service", value: "nothing", isRegex: false, isEqual: true }],
        startsAt: new Date().toISOString(),
        endsAt: new Date(Date.now() + 3_600_000).toISOString(),
        createdBy: "test",
        comment: "kept over a cleanup",
      });
      await exec(`${checkout.stack}-grafana`, ["sh", "-c", "printf 'edited by hand' > /var/lib/grafana/grafana.db"]);
      expect(await found()).toEqual(all);

      target = path.join(folder, "first");
      const { code, stderr } = await checkout.run("backup", target);
      expect(code, stderr).toBe(0);
      expect(failures(await checkout.verify())).toEqual([]);
      const again = await checkout.run("backup", target);
      expect(again).toMatchObject({
        code: 2,
        stderr: `error: ${target} is not empty; name a folder that does not exist\n`,
      });
    });

    it("refuses a backup of another stack and a damaged one, before it touches anything", async () => {
      const before = await ids();
      const manifest = path.join(target, "manifest.json");
      const text = await readFile(manifest, "utf8");
      await writeFile(manifest, text.replace(`"stack": "${checkout.stack}"`, '"stack": "another"'));
      const foreign = await checkout.run("restore", target, "--yes");
      expect(foreign.code).toBe(2);
      expect(foreign.stderr).toContain('the backup is of the stack "another"');
      await writeFile(manifest, text);

      const archive = path.join(target, "loki-loki.tar.gz");
      const content = await readFile(archive);
      const middle = Math.floor(content.length / 2);
      const damaged = Buffer.from(content);
      damaged.writeUInt8(damaged.readUInt8(middle) ^ 0xff, middle);
      await writeFile(archive, damaged);
      const broken = await checkout.run("restore", target, "--yes");
      expect(broken.code).toBe(2);
      expect(broken.stderr).toContain(`the backup is damaged: the checksum of ${archive}`);
      await writeFile(archive, content);
      expect(await ids()).toEqual(before);
      expect(await found()).toEqual(all);
    });

    it("asks before a cleanup, and then leaves nothing", async () => {
      const unasked = await checkout.run("cleanup");
      expect(unasked.code).toBe(2);
      for (const volume of [`${checkout.stack}-prometheus`, byHand()])
        expect(unasked.stdout).toContain(`volume ${volume}`);
      expect(Object.keys(await ids())).not.toEqual([]);

      const { code, stdout, stderr } = await checkout.run("cleanup", "--yes");
      expect(code, stderr + stdout).toBe(0);
      expect(await leftoversOf(checkout.stack)).toEqual({ containers: [], networks: [], volumes: [] });
      await expect(docker.getVolume(byHand()).inspect()).rejects.toMatchObject({ statusCode: 404 });
      // Beside these is the engine's home, with its logs.
      const folders = ["backend", "stacks"].map((name) =>
        readdir(path.join(checkout.state, name), { recursive: true }),
      );
      const kept = (await Promise.all(folders)).flat();
      expect(kept.filter((file) => file.includes(checkout.stack) && /\.\w+$/.test(file))).toEqual([]);
      expect((await checkout.run("urls")).stderr).toContain(`there is no stack "${checkout.stack}"`);
    });

    it("brings everything back to a new stack", async () => {
      const deployed = await checkout.run("deploy", "--json");
      expect(deployed.code, deployed.stderr).toBe(0);
      await readUrls();
      expect(await found()).toMatchObject({ samples: 0, traces: 0, lines: 0, silences: [] });

      const { code, stdout, stderr } = await checkout.run("restore", target, "--yes");
      expect(code, stderr + stdout).toBe(0);
      // The cleanup took the key along with all that was generated.
      expect(stdout).toContain("not readable here: passwords of data sources");
      expect(
        await eventually("everything of the backup", async () => {
          const now = await found();
          return now.samples + now.traces + now.lines === 3 ? now : undefined;
        }),
      ).toEqual(all);
      expect(failures(await checkout.verify())).toEqual([]);
    });

    it("keeps the data of a stack that is stopped", async () => {
      expect((await checkout.run("stop")).code).toBe(0);
      expect((await leftoversOf(checkout.stack)).containers).toEqual([]);
      const stopped = await checkout.run("status");
      expect(stopped).toMatchObject({ code: 2 });
      expect(stopped.stderr).toContain(`the stack "${checkout.stack}" is stopped; bring it up with`);
      expect((await leftoversOf(checkout.stack)).volumes).toContain(`${checkout.stack}-prometheus`);
    });
  });
});
