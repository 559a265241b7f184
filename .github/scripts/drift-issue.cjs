/* global module, require */
/* eslint-disable @typescript-eslint/no-require-imports -- actions/github-script loads CommonJS */

const { readFileSync } = require("node:fs");

const LABEL = "drift";

/** An issue takes 65,536 characters; a diff's end says what it came to. */
const LONGEST = 60_000;

/**
 * Keeps one issue a stack: opened when the stack is not as its program says, updated while it stays so, closed when it is
 * again.
 */
module.exports = async function report({ github, context, core, stack, drifted, file }) {
  const title = `Drift: the stack ${stack} is not as its program says`;
  const { owner, repo } = context.repo;
  const open = await github.paginate(github.rest.issues.listForRepo, { owner, repo, state: "open", labels: LABEL });
  const issue = open.find((candidate) => candidate.title === title && candidate.pull_request === undefined);
  const run = `${context.serverUrl}/${owner}/${repo}/actions/runs/${context.runId}`;
  if (!drifted) {
    if (issue === undefined) return;
    const issueNumber = { owner, repo, issue_number: issue.number };
    await github.rest.issues.createComment({ ...issueNumber, body: `The stack is as its program says again: ${run}` });
    await github.rest.issues.update({ ...issueNumber, state: "closed", state_reason: "completed" });
    return;
  }
  const body = describe(stack, run, readFileSync(file, "utf8"));
  if (issue === undefined) await github.rest.issues.create({ owner, repo, title, body, labels: [LABEL] });
  else await github.rest.issues.update({ owner, repo, issue_number: issue.number, body });
  core.warning(title);
};

function describe(stack, run, output) {
  const shown = output.length > LONGEST ? `…\n${output.slice(-LONGEST)}` : output;
  // A fence longer than any in the text, so that nothing of it is taken for markup.
  const longest = Math.max(2, ...[...shown.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return [
    `Somebody or something changed \`${stack}\` beside its program, or it could not be compared: ${run}`,
    "",
    `What to do is in docs/environments.md, under "Drift".`,
    "",
    `${fence}text`,
    shown.trim(),
    fence,
  ].join("\n");
}
