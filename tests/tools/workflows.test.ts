import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { files, read, ROOT } from "../workflows/support";
import { expectAccepted, expectRefused, useTool } from "./support/tool";

describe("actionlint", () => {
  const actionlint = useTool("actionlint");
  // What a machine has besides would make the result differ from one to the next.
  const check = (file: string, cwd = ROOT) => actionlint(["-no-color", "-shellcheck=", "-pyflakes=", file], { cwd });

  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "actionlint-"));
    await mkdir(path.join(folder, ".git"));
    await mkdir(path.join(folder, ".github/workflows"), { recursive: true });
    await mkdir(path.join(folder, ".github/actions/prepare"), { recursive: true });
    const action = ".github/actions/prepare/action.yml";
    await writeFile(path.join(folder, action), read(action));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(files)("accepts %s", async (file) => expectAccepted(await check(file)));

  it.each([
    [
      "main",
      "needs: promotion",
      "needs: promotion-of-prod",
      /job "prod" needs job "promotion-of-prod" which does not exist/,
    ],
    ["main", "inputs.commit ||", "inputs.comit ||", /property "comit" is not defined/],
    ["main", "contents: read", "contents: everything", /"everything" is invalid for permission/],
    ["main", "runs-on: ubuntu-24.04", "runs-on: ubuntu-1", /label "ubuntu-1" is unknown/],
    ["pull-request", "matrix.stack ==", "matrix.stak ==", /property "stak" is not defined/],
    [
      "drift",
      "uses: ./.github/actions/prepare",
      "uses: ./.github/actions/prepare\n        with: { node: 22 }",
      /input "node" is not defined/,
    ],
    ["drift", '"17 5 * * *"', '"17 5 * *"', /invalid CRON format/],
    ["drift", "steps.compare.outputs.code !=", "steps.compared.outputs.code !=", /property "compared" is not defined/],
  ])("refuses %s.yml with %s as %s", async (name, right, wrong, reason) => {
    const file = `.github/workflows/${name}.yml`;
    const text = read(file);
    expect(text).toContain(right);
    await writeFile(path.join(folder, file), text.replace(right, wrong));
    expectRefused(await check(file, folder), reason);
  });
});
