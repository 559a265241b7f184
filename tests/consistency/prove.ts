/**
 * Proves that the committed rules, dashboards, routes and metrics fit together in every combination of programs, and writes
 * down the hash by which a preview knows them. Part of `npm run docs`.
 */
import { writeFileSync } from "node:fs";
import path from "node:path";

import { checkConsistency, contentHash, formatProblem } from "../../components/consistency";
import { COMBINATIONS } from "./combinations";
import { stackOf, surroundings } from "./stack";

const TARGET = path.join(__dirname, "../../components/consistency/proven.json");

const problems = Object.entries(COMBINATIONS).flatMap(([name, written]) =>
  checkConsistency(stackOf(written), surroundings).map((problem) => `${formatProblem(problem)} (${name})`),
);
if (problems.length === 0) writeFileSync(TARGET, `{ "sha256": "${contentHash()}" }\n`);
else {
  console.error(
    ["the stack does not fit together, so components/consistency/proven.json stays as it is:", ...problems].join(
      "\n  ",
    ),
  );
  process.exitCode = 1;
}
