/* global module, require */
/* eslint-disable @typescript-eslint/no-require-imports -- actions/github-script loads CommonJS */

const { readFileSync } = require("node:fs");

/** Keeps one comment for each stack on a pull request: its first line tells whose it is. */
module.exports = async function comment({ github, context, file }) {
  const body = readFileSync(file, "utf8").trim();
  const [marker] = body.split("\n", 1);
  const { owner, repo } = context.repo;
  const issue = { owner, repo, issue_number: context.payload.pull_request.number };
  const comments = await github.paginate(github.rest.issues.listComments, issue);
  // Another's comment can begin with the same line, and can not be changed.
  const own = comments.find((candidate) => candidate.user?.type === "Bot" && candidate.body?.startsWith(marker));
  if (own === undefined) await github.rest.issues.createComment({ ...issue, body });
  else await github.rest.issues.updateComment({ owner, repo, comment_id: own.id, body });
};
