import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";

import { PROJECT_ROOT } from "../operations/workspace";
import { recordResources } from "./support/mocks";
import { runProgram } from "./support/run-program";

describe("a stack whose configuration is wrong", () => {
  it("creates nothing and says everything that is wrong", async () => {
    const recorder = await recordResources("dev");
    const written = { logging: "loky", grafanaAdminPassword: "plain text password" };
    const error = await runProgram(recorder, {}, written).then(
      () => new Error("it ran"),
      (reason: Error) => reason,
    );
    expect(error).toBeInstanceOf(pulumi.RunError);
    expect(error.message).toMatch(/^the configuration has 2 problems:\n {2}logging: .*\n {2}grafanaAdminPassword: .*$/);
    expect(error.message).not.toContain("plain text password");
    expect(recorder.registrations).toEqual([]);
  });
});

describe("a stack whose user's rule file Prometheus would refuse", () => {
  it("creates no program and says file, line and remedy", async () => {
    const folder = mkdtempSync(path.join(PROJECT_ROOT, "alerts-"));
    const file = path.join(path.basename(folder), "own.yaml");
    const rule = { alert: "TooMany", expr: "rate(up[5m], 3) > 0", labels: { severity: "info", category: "business" } };
    writeFileSync(
      path.join(folder, "own.yaml"),
      `groups:\n  - name: own\n    rules:\n      - ${JSON.stringify(rule)}\n`,
    );
    const recorder = await recordResources("dev");
    const error = await runProgram(recorder, {}, { alertRulesFile: file }).then(
      () => new Error("it ran"),
      (reason: Error) => reason,
    );
    rmSync(folder, { recursive: true });
    expect(error).toBeInstanceOf(pulumi.RunError);
    expect(error.message).toBe(
      `the stack does not fit together, in 1 place:\n  ${file}:4: rate() takes 1 argument, not 2. Write it as rate(range).`,
    );
    expect(recorder.registrations.filter(({ type }) => !/Credentials|^random:/.test(type))).toEqual([]);
  });
});
