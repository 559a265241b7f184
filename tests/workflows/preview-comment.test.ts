import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

type Comment = (options: object) => Promise<void>;

const MARKER = "<!-- preview of the stack dev -->";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "comment-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** What is asked of GitHub where the pull request has these comments. */
async function asked(comments: readonly object[]) {
  const calls: [method: string, fields: object][] = [];
  const note = (method: string) => (fields: object) => Promise.resolve(void calls.push([method, fields]));
  const issues = { createComment: note("create"), updateComment: note("update"), listComments: "list" };
  const file = path.join(folder, "comment.md");
  await writeFile(file, `${MARKER}\n\n### dev: no changes\n`);
  const { default: comment } = (await import("../../.github/scripts/preview-comment.cjs" as string)) as {
    default: Comment;
  };
  await comment({
    github: { rest: { issues }, paginate: () => Promise.resolve(comments) },
    context: { repo: { owner: "o", repo: "r" }, payload: { pull_request: { number: 7 } } },
    file,
  });
  return calls;
}

const body = `${MARKER}\n\n### dev: no changes`;
const bot = { type: "Bot" };

describe("preview-comment.cjs", () => {
  it("adds a comment where the stack has none", async () => {
    const others = [
      { id: 1, user: bot, body: "<!-- preview of the stack prod -->\nprod" },
      { id: 2, user: { type: "User" }, body },
      { id: 3, user: null, body: null },
    ];
    expect(await asked(others)).toEqual([["create", { owner: "o", repo: "r", issue_number: 7, body }]]);
  });

  it("changes the one that is there", async () => {
    expect(await asked([{ id: 4, user: bot, body: `${MARKER}\n\n### dev: 1 to create` }])).toEqual([
      ["update", { owner: "o", repo: "r", comment_id: 4, body }],
    ]);
  });
});
