import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { runCommand } from "../../toolchain/command";
import { ROOT } from "./support";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "workflows-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("kubeconfig.sh", () => {
  const run = (text: string) =>
    runCommand("bash", [path.join(ROOT, ".github/scripts/kubeconfig.sh")], {
      env: { KUBECONFIG_TEXT: text, RUNNER_TEMP: folder, GITHUB_ENV: path.join(folder, "env") },
    });

  it("writes a file that only this user reads, and names it to the later steps", async () => {
    const result = await run("apiVersion: v1\nkind: Config");
    expect(result.output).toBe("");
    const file = path.join(folder, "kubeconfig");
    expect(await readFile(path.join(folder, "env"), "utf8")).toBe(`KUBECONFIG=${file}\n`);
    expect(await readFile(file, "utf8")).toBe("apiVersion: v1\nkind: Config\n");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it("refuses an empty secret, and says which", async () => {
    const result = await run("");
    expect(result.succeeded).toBe(false);
    expect(result.output).toMatch(/^::error::the secret KUBECONFIG/);
  });
});

interface Issue {
  readonly number: number;
  readonly title: string;
  readonly pull_request?: object;
}

type Report = (options: object) => Promise<void>;

describe("drift-issue.cjs", () => {
  const title = "Drift: the stack dev is not as its program says";

  /** What is asked of GitHub where these issues are open, as `<method> <fields>`. */
  async function asked(open: readonly Issue[], drifted: boolean, output = "~ image: a => b", unfinished = "") {
    const calls: { method: string; fields: Record<string, unknown> }[] = [];
    const note = (method: string) => (fields: Record<string, unknown>) =>
      Promise.resolve(void calls.push({ method, fields }));
    const issues = {
      create: note("create"),
      update: note("update"),
      createComment: note("comment"),
      listForRepo: "list",
    };
    const file = path.join(folder, "drift.txt");
    await writeFile(file, output);
    const { default: report } = (await import("../../.github/scripts/drift-issue.cjs" as string)) as {
      default: Report;
    };
    await report({
      github: { rest: { issues }, paginate: () => Promise.resolve(open) },
      context: { repo: { owner: "o", repo: "r" }, serverUrl: "https://github.example.org", runId: 7 },
      core: { warning: () => {} },
      stack: "dev",
      drifted,
      unfinished,
      file,
    });
    return calls;
  }

  it("opens an issue with what differs and where it was found", async () => {
    const calls = await asked([{ number: 1, title: "another" }], true);
    expect(calls).toEqual([
      { method: "create", fields: expect.objectContaining({ title, labels: ["drift"] }) as object },
    ]);
    expect(calls[0]?.fields.body).toContain("```text\n~ image: a => b\n```");
    expect(calls[0]?.fields.body).toContain("https://github.example.org/o/r/actions/runs/7");
  });

  it("updates the one that is open, and no pull request of that title", async () => {
    const calls = await asked(
      [
        { number: 1, title, pull_request: {} },
        { number: 2, title },
      ],
      true,
    );
    expect(calls.map(({ method, fields }) => [method, fields.issue_number])).toEqual([["update", 2]]);
  });

  it("closes it when there is no difference any more, and is silent without one", async () => {
    const calls = await asked([{ number: 2, title }], false);
    expect(calls.map(({ method, fields }) => [method, fields.state])).toEqual([
      ["comment", undefined],
      ["update", "closed"],
    ]);
    expect(await asked([], false)).toEqual([]);
  });

  it("calls what an update has left to do by another name, and leaves the issue of drift alone", async () => {
    const reason = "its last update, of Monday, did not succeed";
    const calls = await asked([{ number: 2, title }], true, "~ image: a => b", reason);
    expect(calls.map(({ method, fields }) => [method, fields.title])).toEqual([
      ["create", "Unfinished: the last update of the stack dev did not reach all of it"],
    ]);
    expect(calls[0]?.fields.body).toContain(`${reason}. What differs below may be what that update left to do`);
    expect(calls[0]?.fields.body).toContain("```text\n~ image: a => b\n```");
  });

  it("closes that one when the whole stack runs one commit, and tells of drift again", async () => {
    const unfinished = { number: 3, title: "Unfinished: the last update of the stack dev did not reach all of it" };
    const calls = await asked([unfinished], true);
    expect(calls.map(({ method, fields }) => [method, fields.issue_number ?? fields.title, fields.state])).toEqual([
      ["comment", 3, undefined],
      ["update", 3, "closed"],
      ["create", title, undefined],
    ]);
  });

  it("keeps a long text within what an issue takes, with its end, and takes none of it for markup", async () => {
    const [call] = await asked([], true, `${"x".repeat(100_000)}\n\`\`\`\`\n@everyone\nthe end`);
    const body = String(call?.fields.body);
    expect(body.length).toBeLessThan(65_536);
    expect(body).toMatch(/\n`````text\n…\nx+\n````\n@everyone\nthe end\n`````$/);
  });
});
