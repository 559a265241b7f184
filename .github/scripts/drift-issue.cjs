/* global module, require */
/* eslint-disable @typescript-eslint/no-require-imports -- actions/github-script loads CommonJS */

const { readFileSync } = require("node:fs");

const LABEL = "drift";

/** An issue takes 65,536 characters; a diff's end says what it came to. */
const LONGEST = 60_000;

/**
 * Keeps at most one issue a stack: opened when the stack is not as its program says, updated while it stays so, closed when it is
 * again. After an update that did not reach the whole stack what differs may be what is left to do, so that issue has another
 * title, and one about drift stays as it is until the two can be told apart.
 *
 * @param unfinished why the last update did not reach the whole stack; empty where it did.
 */
module.exports = async function report({ github, context, core, stack, drifted, unfinished = "", file }) {
  const { owner, repo } = context.repo;
  const titles = {
    drift: `Drift: the stack ${stack} is not as its program says`,
    unfinished: `Unfinished: the last update of the stack ${stack} did not reach all of it`,
  };
  const open = await github.paginate(github.rest.issues.listForRepo, { owner, repo, state: "open", labels: LABEL });
  const issueOf = (title) =>
    open.find((candidate) => candidate.title === title && candidate.pull_request === undefined);
  const run = `${context.serverUrl}/${owner}/${repo}/actions/runs/${context.runId}`;

  const close = async (title, body) => {
    const issue = issueOf(title);
    if (issue === undefined) return;
    const numbered = { owner, repo, issue_number: issue.number };
    await github.rest.issues.createComment({ ...numbered, body });
    await github.rest.issues.update({ ...numbered, state: "closed", state_reason: "completed" });
  };
  const keep = async (title, reason) => {
    const issue = issueOf(title);
    const body = describe(reason, run, readFileSync(file, "utf8"));
    if (issue === undefined) await github.rest.issues.create({ owner, repo, title, body, labels: [LABEL] });
    else await github.rest.issues.update({ owner, repo, issue_number: issue.number, body });
    core.warning(title);
  };

  if (unfinished !== "") {
    const reason = `Of \`${stack}\` this is known: ${unfinished}. What differs below may be what that update left to do`;
    return keep(titles.unfinished, reason);
  }
  await close(titles.unfinished, `The whole stack runs one commit again: ${run}`);
  if (!drifted) return close(titles.drift, `The stack is as its program says again: ${run}`);
  await keep(
    titles.drift,
    `Somebody or something changed \`${stack}\` beside its program, or it could not be compared`,
  );
};

function describe(reason, run, output) {
  const shown = output.length > LONGEST ? `…\n${output.slice(-LONGEST)}` : output;
  // A fence longer than any in the text, so that nothing of it is taken for markup.
  const longest = Math.max(2, ...[...shown.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return [
    `${reason}: ${run}`,
    "",
    `What to do is in docs/environments.md, under "Drift".`,
    "",
    `${fence}text`,
    shown.trim(),
    fence,
  ].join("\n");
}
