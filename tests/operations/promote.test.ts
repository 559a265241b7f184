import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { images } from "../../components/images";
import { UsageError } from "../../operations/fail";
import { deployed, recordVerification } from "../../operations/promote/deployment";
import { promotion } from "../../operations/promote/promote";
import { Repository } from "../../operations/promote/repository";
import { promote as promoteStacks } from "../../operations/promote/stacks";
import { runCommand } from "../../toolchain/command";
import { FakeStack, startOf } from "./support/fake-stack";

let folder: string;
let dev: FakeStack;
let prod: FakeStack;

async function git(...command: string[]): Promise<string> {
  const identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"];
  const result = await runCommand("git", [...identity, ...command], { cwd: folder });
  if (!result.succeeded) throw new Error(result.output);
  return result.stdout;
}

/** Commits files, and gives the commit. */
async function commit(subject: string, files: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), content);
  }
  await git("add", "--all");
  await git("commit", "--quiet", "--message", subject);
  return git("rev-parse", "HEAD");
}

const stackFile = (values: Readonly<Record<string, string>>) =>
  JSON.stringify({
    config: Object.fromEntries(Object.entries(values).map(([key, value]) => [`pyairtable-monitoring:${key}`, value])),
  });

async function promote(json = false): Promise<{ ok: boolean; output: string }> {
  const lines: string[] = [];
  const repository = await Repository.open(folder);
  const print = (text: string) => lines.push(text);
  const ok = await promotion({ source: dev, target: prod, repository, json, print });
  return { ok, output: lines.join("\n") };
}

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "promote-"));
  [dev, prod] = [new FakeStack("dev"), new FakeStack("prod")];
  await git("init", "--quiet");
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe("promote", () => {
  it("shows what prod does not have yet, and changes nothing", async () => {
    const old = await commit("all: begin", {
      "Pulumi.dev.yaml": stackFile({ logging: "loki" }),
      "Pulumi.prod.yaml": stackFile({ logging: "elk", prometheusRetention: "15d" }),
      "configs/grafana/dashboards/old.json": "{}",
      "README.md": "a",
    });
    const head = await commit("rules: one more", {
      "Pulumi.prod.yaml": stackFile({ logging: "elk", prometheusRetention: "30d" }),
      "configs/prometheus/rules/new.yaml": "groups: []",
      "configs/grafana/dashboards/old.json": "{ }",
      "README.md": "b",
    });
    dev.updates.push({ commit: head });
    await recordVerification(dev, await deployed(dev), true);
    prod.updates.push({ commit: old });
    prod.programs = [
      { name: "grafana", image: "grafana/grafana:1.0.0" },
      { name: "loki", image: images.loki.reference },
      { name: "own", image: "example.org:5000/own:1.0.0" },
    ];
    dev.commands.length = 0;
    const { ok, output } = await promote();
    expect(ok).toBe(true);
    expect(output).toContain(`${head.slice(0, 12)} is verified on dev. prod runs ${old.slice(0, 12)}.`);
    expect(output).toMatch(/Commits:\n {2}[0-9a-f]{7,} rules: one more\n/);
    expect(output).toMatch(/prometheusRetention\s+│\s+15d\s+│\s+30d/);
    expect(output).toMatch(/grafana\s+│\s+grafana\/grafana:1\.0\.0\s+│\s+grafana\/grafana:\d+\.\d+/);
    expect(output).not.toMatch(/│ own|grafana\/loki/);
    expect(output).toContain("Changed alert rules:\n  A configs/prometheus/rules/new.yaml");
    expect(output).toContain("Changed dashboards:\n  M configs/grafana/dashboards/old.json");
    expect(output).not.toContain("README.md");
    expect(output).toMatch(/Settings that stay different:[^]*logging\s+│\s+loki\s+│\s+elk/);
    expect(prod.commands).toContain("preview --diff --suppress-outputs");
    const reading = /^(preview|stack (history|tag ls))\b/;
    expect([...dev.commands, ...prod.commands].filter((command) => !reading.test(command))).toEqual([]);
  });

  it("gives the same to a program", async () => {
    const head = await commit("all: begin", { "Pulumi.prod.yaml": stackFile({}) });
    dev.updates.push({ commit: head });
    await recordVerification(dev, await deployed(dev), true);
    const { ok, output } = await promote(true);
    expect(ok).toBe(true);
    expect(JSON.parse(output)).toMatchObject({
      ok: true,
      commit: head,
      from: "dev",
      to: "prod",
      deployed: null,
      preview: { update: 2 },
    });
  });

  it("says of a way back that it is one", async () => {
    const first = await commit("all: begin", { "index.ts": "1" });
    const second = await commit("all: go on", { "index.ts": "2" });
    await git("checkout", "--quiet", first);
    dev.updates.push({ commit: first });
    await recordVerification(dev, await deployed(dev), true);
    prod.updates.push({ commit: second });
    const { output } = await promote();
    expect(output).toContain("this is a way back");
    expect(output).toContain("Changed program:\n  M index.ts");
  });

  it("says that it does not know what prod runs, or that prod runs nothing", async () => {
    dev.updates.push({ commit: await commit("all: begin", { a: "1" }) });
    await recordVerification(dev, await deployed(dev), true);
    expect((await promote()).output).toContain("prod has nothing deployed: everything is new.");
    prod.updates.push({ commit: "0".repeat(40) });
    expect((await promote()).output).toContain("prod runs 000000000000, which this clone does not have.");
  });

  it("is not good where the preview fails", async () => {
    dev.updates.push({ commit: await commit("all: begin", { a: "1" }) });
    await recordVerification(dev, await deployed(dev), true);
    prod.previewFails = true;
    expect(await promote()).toMatchObject({
      ok: false,
      output: expect.stringContaining("The preview failed") as string,
    });
  });

  it("shows of an encrypted value only that it is another", async () => {
    const secret = (text: string) =>
      JSON.stringify({ config: { "pyairtable-monitoring:slackWebhookUrl": { secure: text } } });
    const old = await commit("all: begin", { "Pulumi.prod.yaml": secret("v1:aaaa") });
    const head = await commit("all: go on", { "Pulumi.prod.yaml": secret("v1:bbbb") });
    dev.updates.push({ commit: head });
    await recordVerification(dev, await deployed(dev), true);
    prod.updates.push({ commit: old });
    const { output } = await promote();
    expect(output).toMatch(/slackWebhookUrl\s+│\s+secret, [0-9a-f]{8}\s+│\s+secret, [0-9a-f]{8}/);
    expect(output).not.toContain("v1:");
  });
});

describe("promote refuses", () => {
  const refusals: readonly (readonly [string, (head: string) => Promise<void> | void, RegExp])[] = [
    ["where dev runs nothing", () => {}, /dev: nothing is deployed to it; run: pulumi up --stack dev/],
    [
      "another commit on dev",
      () => void dev.updates.push({ commit: "1".repeat(40) }),
      /dev runs 111111111111, not the/,
    ],
    ["a commit that was not verified", (head) => void dev.updates.push({ commit: head }), /dev was not verified since/],
    [
      "a commit that was updated again after it was verified",
      async (head) => {
        dev.updates.push({ commit: head });
        await recordVerification(dev, await deployed(dev), true);
        dev.updates.push({ commit: head });
      },
      /not verified since its last update, of 2025-01-02T/,
    ],
    [
      "a commit whose last verification failed",
      async (head) => {
        dev.updates.push({ commit: head });
        await recordVerification(dev, await deployed(dev), true);
        await recordVerification(dev, await deployed(dev), false);
      },
      /not verified since its last update, of 2025-01-01T/,
    ],
    [
      "an update that failed",
      (head) => void dev.updates.push({ commit: head, result: "failed" }),
      /dev: its last update, of \S+, did not succeed/,
    ],
    [
      "an update with uncommitted changes",
      (head) => void dev.updates.push({ commit: head, dirty: true }),
      /dev: its last update, of \S+, was run with uncommitted changes/,
    ],
    [
      "an update of a part of the stack",
      (head) => void dev.updates.push({ commit: head, options: ["yes"] }, { commit: head, options: ["yes", "target"] }),
      /dev: its last update, of 2025-01-02T\S+, was of a part of it; run: pulumi up --stack dev/,
    ],
    [
      "a stack that was destroyed",
      (head) => void dev.updates.push({ commit: head }, { kind: "destroy" }),
      /dev: nothing is/,
    ],
    [
      "a work tree with changes",
      async (head) => {
        dev.updates.push({ commit: head });
        await recordVerification(dev, await deployed(dev), true);
        await writeFile(path.join(folder, "new file"), "");
      },
      /uncommitted changes \("?new file"?\): commit them/,
    ],
  ];

  it.each(refusals)("%s", async (_, arrange, reason) => {
    await arrange(await commit("all: begin", { a: "1" }));
    const { ok, output } = await promote();
    expect(ok).toBe(false);
    expect(output).toMatch(/^[0-9a-f]{12} can not be promoted to prod:\n/);
    expect(output).toMatch(reason);
    expect(prod.commands).toEqual([]);
    expect(JSON.parse((await promote(true)).output)).toMatchObject({
      ok: false,
      refusals: [expect.stringMatching(reason)],
    });
  });

  it("a stack as its own target, and a folder without a commit", async () => {
    await expect(Repository.open(folder)).rejects.toThrow(UsageError);
    await expect(promoteStacks("dev", "dev", false)).rejects.toThrow(UsageError);
  });
});

describe("the record of a verification", () => {
  it("is of the update, goes with a failure, and is made once", async () => {
    const head = await commit("all: begin", { a: "1" });
    dev.updates.push({ commit: head });
    expect(await recordVerification(dev, await deployed(dev), true)).toBe(
      `recorded as verified at ${head.slice(0, 12)}`,
    );
    expect(dev.tags["monitoring:verified"]).toBe(`${head}@${startOf(0)}`);
    await recordVerification(dev, await deployed(dev), true);
    expect(dev.commands.filter((command) => command.startsWith("stack tag set"))).toHaveLength(1);
    await recordVerification(dev, await deployed(dev), false);
    await recordVerification(dev, await deployed(dev), false);
    expect(dev.tags).toEqual({ "pulumi:project": "pyairtable-monitoring" });
    expect(dev.commands.filter((command) => command.startsWith("stack tag rm"))).toHaveLength(1);
  });

  it.each([
    ["outside a repository", {}, /was not run in a Git repository/],
    ["with uncommitted changes", { commit: "1".repeat(40), dirty: true }, /uncommitted changes/],
    ["that left something out", { commit: "1".repeat(40), options: ["exclude"] }, /was of a part of it/],
  ])("is not made of an update %s", async (_, update, reason) => {
    dev.updates.push(update);
    expect(await recordVerification(dev, await deployed(dev), true)).toMatch(reason);
    expect(dev.tags).not.toHaveProperty("monitoring:verified");
  });

  it("is not made by whoever may only read the state, and says so in one line", async () => {
    dev.updates.push({ commit: "1".repeat(40) });
    dev.isReadOnly = true;
    expect(await recordVerification(dev, await deployed(dev), true)).toBe(
      "not recorded: pulumi stack tag failed: error: [403] no right to write",
    );
  });

  it("is of the last update, whatever was only looked at since", async () => {
    dev.updates.push({ commit: "1".repeat(40) }, { kind: "refresh" });
    expect(await deployed(dev)).toMatchObject({ startTime: startOf(0), commit: "1".repeat(40) });
  });
});
