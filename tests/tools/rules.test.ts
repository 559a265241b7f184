import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { describe, it } from "vitest";

import { expectAccepted, expectRefused, useTool } from "./support/tool";

const FOLDER = path.join(__dirname, "../rules");

/** Some files play weeks of samples through; a busy machine takes minutes for them. */
const LIMIT_MS = 600_000;

/** Longest first, since the last one to start decides when all are done. */
const SLOWEST = ["business.test.yaml", "cost.test.yaml", "performance.test.yaml"];
const order = (file: string): number => (SLOWEST.includes(file) ? SLOWEST.indexOf(file) : SLOWEST.length);
const files = readdirSync(FOLDER).sort((a, b) => order(a) - order(b));

const promtool = useTool("promtool");

describe.concurrent("the alerts do what their tests say", () => {
  it.each(files)("%s", { timeout: LIMIT_MS }, async (file) => {
    expectAccepted(await promtool(["test", "rules", path.join(FOLDER, file)], { timeout: LIMIT_MS }));
  });
});

describe("promtool refuses", () => {
  it("a test whose alert says something else", { timeout: LIMIT_MS }, async () => {
    const text = await readFile(path.join(FOLDER, "critical.test.yaml"), "utf8");
    const folder = await mkdtemp(path.join(tmpdir(), "rules-"));
    try {
      const file = path.join(folder, "changed.test.yaml");
      const changed = text
        .replaceAll("../../configs", path.join(FOLDER, "../../configs"))
        .replace(/(summary: ")/, "$1Not ");
      await writeFile(file, changed);
      expectRefused(await promtool(["test", "rules", file], { timeout: LIMIT_MS }), /FAILED/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
