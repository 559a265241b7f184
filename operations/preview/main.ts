/**
 * Writes the comment on a preview for a pull request: `tsx operations/preview/main.ts <digest> <log>`, where the files hold what
 * `pulumi preview --json` printed, and what it wrote beside it. STACK, RUN_URL, PREVIEW_CODE (its exit code) and POLICIES (the
 * outcome of the step with the policy pack) come from the workflow.
 */
import { readFileSync } from "node:fs";

import { commentOf } from "./comment";
import { readDigest } from "./digest";

const [digest = "", log = ""] = process.argv.slice(2);
const { STACK: stack = "", RUN_URL: run = "", PREVIEW_CODE: code, POLICIES: policies } = process.env;

console.log(
  commentOf({
    stack,
    run,
    digest: readDigest(readFileSync(digest, "utf8")),
    log: readFileSync(log, "utf8"),
    succeeded: code === "0",
    allowed: policies === "success",
  }),
);
