import { existsSync, readdirSync } from "node:fs";
import path from "node:path";

import type { Command } from "commander";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";

import { command } from "../../operations/command-line";
import { scripts } from "../../package.json";
import { goRecipes } from "../../toolchain/go/recipes";
import { files, read, ROOT, steps, workflow, type Workflow } from "./support";

/** What npm itself does, without a script of that name. */
const OF_NPM = new Set(["ci", "run"]);

const runs = steps().flatMap(({ run }) => (run === undefined ? [] : [run.replaceAll("\\\n", " ")]));
const found = (pattern: RegExp) => runs.flatMap((run) => [...run.matchAll(pattern)]);
const committed = readdirSync(ROOT).flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.slice(1) ?? []);

function verbs(): Map<string, Command> {
  return new Map(command().commands.map((verb) => [verb.name(), verb]));
}

describe("what the workflows call", () => {
  it("is found by these tests", () => {
    expect(files).toEqual([
      ".github/workflows/drift.yml",
      ".github/workflows/main.yml",
      ".github/workflows/pull-request.yml",
    ]);
    expect(found(/\bnpx monitoring (\S+)/g).map(([, verb]) => verb)).toEqual(["verify", "promote", "verify"]);
  });

  it("are scripts that package.json has", () => {
    const called = found(/\bnpm (?:run (?:--silent )?)?(\S+)/g).map(([, script]) => script as string);
    expect(called).toContain("pulumi");
    expect(called.filter((script) => !OF_NPM.has(script) && !(script in scripts))).toEqual([]);
  });

  it("are verbs with options that they take", () => {
    const known = verbs();
    for (const [call, name, rest = ""] of found(/\bnpx monitoring (\S+)((?: --?\S+ [a-z\d]+)*)/g)) {
      const options = known.get(name as string)?.options.map(({ long }) => long);
      expect(options, `${call}: there is no such verb`).toBeDefined();
      for (const [option] of rest.matchAll(/--[a-z-]+/g)) expect(options).toContain(option);
    }
  });

  it("are files that are there", () => {
    const named = [...files.flatMap((file) => [...read(file).matchAll(/(?<![\w/])(?:\.github|policy)\/[\w./-]+\w/g)])];
    const paths = named.map(([name]) => name).filter((name) => !name.endsWith("policy/"));
    expect(paths).toContain(".github/scripts/kubeconfig.sh");
    expect(paths.filter((name) => !existsSync(path.join(ROOT, name)))).toEqual([]);
    for (const stack of committed) expect(existsSync(path.join(ROOT, `policy/${stack}.json`))).toBe(true);
  });
});

describe("every workflow", () => {
  const all = files.map((file) => [file, load(read(file)) as Workflow] as const);

  it("uses actions by the commit of a release, or our own", () => {
    const lines = [...files, ".github/actions/prepare/action.yml"].flatMap((file) => read(file).split("\n"));
    const uses = lines.filter((line) => /^\s*(- )?uses:/.test(line));
    expect(uses.length).toBeGreaterThan(10);
    const pinned = /uses: (\.\/\.github\/actions\/\w+$|[\w.-]+\/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$)/;
    expect(uses.filter((line) => !pinned.test(line))).toEqual([]);
  });

  it("names the same release of an action everywhere", () => {
    const pins = files.flatMap((file) => [...read(file).matchAll(/uses: ([\w./-]+)@(\S+ # \S+)/g)]);
    for (const [, action] of pins) {
      const releases = new Set(pins.filter(([, other]) => other === action).map(([, , pin]) => pin));
      expect([action, releases.size]).toEqual([action, 1]);
    }
  });

  it("runs the engine that the project builds where none can be downloaded", () => {
    const engines = steps().filter(({ uses }) => uses?.startsWith("pulumi/actions@"));
    expect(engines.length).toBeGreaterThan(4);
    const { version } = goRecipes["pulumi-cli"];
    for (const { with: given } of engines) expect(given?.["pulumi-version"]).toBe(version);
  });

  it.each(all)("%s may only read, but for what a job needs, and ends", (_, { permissions, jobs }) => {
    expect(permissions).toEqual({ contents: "read" });
    const further: Readonly<Record<string, string>> = { preview: "pull-requests", drift: "issues" };
    for (const [name, job] of Object.entries(jobs)) {
      const granted = Object.entries(job.permissions ?? {}).filter(([, level]) => level !== "read");
      expect(granted).toEqual(further[name] ? [[further[name], "write"]] : []);
      expect(job["timeout-minutes"]).toBeGreaterThan(0);
    }
  });

  it.each(all)("%s never runs what others wrote with rights of ours", (file, { on }) => {
    expect(Object.keys(on)).not.toContain("pull_request_target");
    // A text of someone else's inside a script is a script of someone else's.
    expect(read(file)).not.toMatch(/\$\{\{\s*github\.(event\.(pull_request\.(title|body)|issue|comment)|head_ref)/);
    for (const run of runs) expect(run).not.toContain("${{");
  });

  it.each(all)("%s checks out without leaving a token behind", (_, { jobs }) => {
    const checkouts = Object.values(jobs).flatMap((job) =>
      job.steps.filter(({ uses }) => uses?.includes("/checkout@")),
    );
    expect(checkouts.length).toBeGreaterThan(0);
    for (const step of checkouts) expect(step.with?.["persist-credentials"]).toBe(false);
  });

  it("reads no secret, variable or environment that the guide does not name", () => {
    const guide = read("docs/environments.md");
    const named = files.flatMap((file) => [...read(file).matchAll(/\b(?:secrets|vars)\.([A-Z_]+)/g)]);
    expect(named.map(([, name]) => name)).toContain("KUBECONFIG");
    expect(named.map(([, name]) => name).filter((name) => !guide.includes(`\`${name}\``))).toEqual([]);
    for (const environment of ["dev", "prod", "dev-preview", "prod-preview"])
      expect(guide).toContain(`\`${environment}\``);
  });
});

describe("the order of things", () => {
  const { jobs } = workflow("main");

  it("previews every committed stack of a pull request, not of a fork's", () => {
    const { preview } = workflow("pull-request").jobs;
    expect(preview?.strategy?.matrix.include.map(({ stack }) => stack).sort()).toEqual([...committed].sort());
    expect(preview?.if).toContain("github.event.pull_request.head.repo.full_name == github.repository");
  });

  it("comments on a preview whatever came of it, and fails after that", () => {
    const { preview } = workflow("pull-request").jobs;
    const names = preview?.steps.map(({ name }) => name) ?? [];
    expect(names.slice(-5)).toEqual(["Preview", "Policies, and the whole diff", "Comment", "Post it", "Result"]);
    const [result] = preview?.steps.slice(-1) ?? [];
    expect(result?.if).toBe("steps.preview.outputs.code != '0' || steps.policies.outcome != 'success'");
    const policies = preview?.steps.find(({ id }) => id === "policies");
    expect(policies?.["continue-on-error"]).toBe(true);
    expect(policies?.with).not.toHaveProperty("comment-on-pr");
    const [, script = ""] =
      /npx tsx (\S+)/.exec(preview?.steps.find(({ name }) => name === "Comment")?.run ?? "") ?? [];
    expect(existsSync(path.join(ROOT, script))).toBe(true);
  });

  it("compares every committed stack", () => {
    const { drift } = workflow("drift").jobs;
    expect(drift?.strategy?.matrix.include.map(({ stack }) => stack).sort()).toEqual([...committed].sort());
  });

  it("verifies dev before it is promoted, and promotes before prod is approved", () => {
    expect([jobs.dev?.needs, jobs.promotion?.needs, jobs.prod?.needs]).toEqual(["check", "dev", "promotion"]);
    expect([jobs.dev?.environment, jobs.promotion?.environment, jobs.prod?.environment]).toEqual([
      "dev",
      "prod-preview",
      "prod",
    ]);
    for (const [stack, job] of [["dev", jobs.dev] as const, ["prod", jobs.prod] as const]) {
      const order = job?.steps.map(({ with: given, run }) => given?.command ?? run);
      const [update, verify] = [
        order?.indexOf("up") ?? -1,
        order?.indexOf(`npx monitoring verify --wait 15 --stack ${stack}`) ?? -1,
      ];
      expect(update).toBeGreaterThan(-1);
      expect(verify).toBeGreaterThan(update);
    }
  });

  it("deploys one and the same commit everywhere", () => {
    const checkouts = Object.values(jobs).flatMap((job) =>
      job.steps.filter(({ uses }) => uses?.includes("/checkout@")),
    );
    expect(checkouts).toHaveLength(4);
    for (const { with: given } of checkouts) expect(given?.ref).toBe("${{ env.COMMIT }}");
  });
});
