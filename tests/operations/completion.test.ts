import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { command } from "../../operations/command-line";
import { completion } from "../../operations/verbs/completion";
import { runCommand } from "../../toolchain/command";

/** Has bash complete the last of some words, as it does at the press of a key. */
const COMPLETE =
  'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _monitoring; printf "%s\\n" "${COMPREPLY[@]}"';

describe("completion in bash", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "completion-"));
    await writeFile(path.join(folder, "script"), completion("bash", command()));
    for (const file of ["Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml"])
      await writeFile(path.join(folder, file), "");
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const complete = async (...words: string[]) => {
    const script = path.join(folder, "script");
    const { stdout, output, succeeded } = await runCommand("bash", ["-c", COMPLETE, script, "monitoring", ...words], {
      cwd: folder,
    });
    if (!succeeded) throw new Error(output);
    return stdout.trim().split("\n");
  };

  it.each([
    ["a verb", ["de"], ["deploy"]],
    ["a verb to explain", ["help", "back"], ["backup"]],
    ["a log store", ["deploy", "e"], ["elk"]],
    ["what dashboards does", ["dashboards", "a"], ["apply"]],
    ["a program whose log is wanted", ["logs", "prom"], ["prometheus", "promtail"]],
    ["an option", ["restore", "--from"], ["--from-other-stack"]],
    ["a stack that has a file", ["status", "--stack", ""], ["dev", "prod"]],
    ["a stack after the short option", ["logs", "loki", "-s", "p"], ["prod"]],
    ["a stack to promote to", ["promote", "--to", "p"], ["prod"]],
    ["a program to leave out", ["backup", "/x", "--without", "elastic"], ["elasticsearch"]],
    ["no word where a file is wanted", ["deploy", "--config", ""], [""]],
  ])("offers %s", async (_, words, offered) => {
    expect(await complete(...words)).toEqual(offered);
  });
});

describe("completion in fish", () => {
  it("offers stacks and choices as values of their options", () => {
    const lines = completion("fish", command()).split("\n");
    const ofBackup = lines.filter((line) => line.includes("__fish_seen_subcommand_from backup'"));
    expect(ofBackup.find((line) => line.includes("-l stack"))).toContain(String.raw`-s s -l stack -x -a '(ls | sed`);
    expect(ofBackup.find((line) => line.includes("-l without"))).toMatch(/-l without -x -a '.*elasticsearch/);
    expect(ofBackup.find((line) => line.includes("-l json"))).toMatch(/-l json$/);
  });
});
