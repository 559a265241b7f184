import { describe, expect, it } from "vitest";

import { commentOf, markerOf, type CommentFacts } from "../../../operations/preview/comment";
import { readDigest } from "../../../operations/preview/digest";

const STACK = "urn:pulumi:prod::pyairtable-monitoring::";
const CONTAINER = "pyairtable:metrics:MetricsStack$docker:index/container:Container";
const VOLUME = "docker:index/volume:Volume";
const CLAIM = "pyairtable:metrics:MetricsStack$kubernetes:core/v1:PersistentVolumeClaim";

const state = (program: string, more: object = {}) => ({
  inputs: { labels: [{ label: "com.pyairtable.service", value: program }], command: ["hunter2"] },
  ...more,
});
const step = (op: string, type: string, name: string, more: object = {}) => ({
  op,
  urn: `${STACK}${type}::${name}`,
  newState: state(name),
  ...more,
});

const STEPS = [
  step("same", "pulumi:pulumi:Stack", "prod"),
  step("create", CONTAINER, "tempo"),
  step("update", CONTAINER, "grafana", {
    detailedDiff: { "command[0]": { kind: "update" }, memory: { kind: "update" } },
  }),
  step("create-replacement", CONTAINER, "loki", { replaceReasons: ["image"] }),
  step("replace", CONTAINER, "loki", { diffReasons: ["image"], replaceReasons: ["image"] }),
  step("delete-replaced", CONTAINER, "loki"),
  step("delete", VOLUME, "loki-data", { newState: undefined, oldState: state("loki", { retainOnDelete: true }) }),
  step("replace", CLAIM, "snapshots", { detailedDiff: { "spec.storageClassName": {} } }),
];

const DIAGNOSTICS = [
  { message: "deadMansSwitchUrl: not set\n", severity: "warning" },
  { message: "looking", severity: "info" },
  { message: "```\n@everyone", severity: "error" },
];

function comment(digest: object | string, facts: Partial<CommentFacts> = {}): string {
  const text = typeof digest === "string" ? digest : JSON.stringify(digest);
  const all = { stack: "prod", log: "", succeeded: true, allowed: true, run: "https://github.example.org/run/7" };
  return commentOf({ ...all, digest: readDigest(text), ...facts });
}

describe("the comment on a preview", () => {
  const written = comment({ steps: STEPS, diagnostics: DIAGNOSTICS });
  const lines = written.split("\n");

  it("begins with what it is found by, and how much changes", () => {
    expect(lines[0]).toBe(markerOf("prod"));
    expect(written).toContain("### prod: 1 to create, 1 to update, 2 to replace, 1 to delete");
    expect(comment({ steps: [STEPS[0]] })).toContain("### prod: no changes");
  });

  it("says what happens to data before the table", () => {
    const [before = ""] = written.split("| program");
    expect(before).toContain(
      "- delete of the Volume `loki-data`, which the platform keeps, and the stack no longer knows",
    );
    expect(before).toContain("- replace of the PersistentVolumeClaim `snapshots`\n");
    expect(before).not.toContain("Container");
  });

  it("has a row for each resource, by program, what goes first", () => {
    expect(lines.filter((line) => /^\| .* \| (create|update|replace|delete) \|/.test(line))).toEqual([
      "| grafana | Container `grafana` | update | `command[0]`, `memory` |",
      "| loki | Volume `loki-data` | delete |  |",
      "|  | Container `loki` | replace | `image` |",
      "| snapshots | PersistentVolumeClaim `snapshots` | replace | `spec.storageClassName` |",
      "| tempo | Container `tempo` | create |  |",
    ]);
  });

  it("has no value of an input", () => expect(written).not.toContain("hunter2"));

  it("shows warnings and errors so that nothing of them is markup", () => {
    expect(written).toMatch(/\n````text\nwarning: deadMansSwitchUrl: not set\nerror: ```\n@everyone\n````\n/);
    expect(written).not.toContain("looking");
  });

  it("fits into a comment, and says how much is left out", () => {
    const many = Array.from({ length: 2_000 }, (_, index) =>
      step("update", CONTAINER, `program-${index}`, { diffReasons: ["image", "memory"] }),
    );
    const noise = [{ message: "x".repeat(100_000), severity: "warning" }];
    const long = comment({ steps: [...many, ...STEPS], diagnostics: noise });
    expect(long.length).toBeLessThanOrEqual(65_536);
    expect(long).toContain("**Data at risk:**");
    expect(long).toMatch(/… and \d+ more, in the run\./);
    expect(long).toMatch(/The whole diff: https:\/\/github\.example\.org\/run\/7$/);
  });

  it("takes no name for markup", () => {
    const odd = comment({ steps: [step("update", CONTAINER, "a`|b", { diffReasons: ["c|`@d"] })] });
    expect(odd).toContain("Container `a'\\|b` | update | `c\\|'@d` |");
  });

  it.each([
    ["nothing", ""],
    ["something else", "error: could not decrypt"],
    ["half of it", '{ "steps": ['],
  ])("says that there was no preview where %s was printed, with what was written beside it", (_, text) => {
    const failed = comment(text, { succeeded: false, log: "error: the passphrase is wrong" });
    expect(failed).toContain("### prod: no preview");
    expect(failed).toContain("**The preview failed.**");
    expect(failed).toContain("```text\nerror: the passphrase is wrong\n```");
  });

  it("says that the policy pack refuses it", () => {
    expect(comment({ steps: [] }, { allowed: false })).toContain("**The policy pack refuses it**");
    expect(written).not.toContain("policy pack");
  });

  it("is read behind a line that the engine prints first", () => {
    expect(comment(`Please choose a stack\n${JSON.stringify({ steps: STEPS })}`)).toContain("2 to replace");
  });
});
