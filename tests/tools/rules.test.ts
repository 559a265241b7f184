import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { describe, it } from "vitest";

import { priceRules, readPrices } from "../../components/consistency";
import { toYaml } from "../../components/programs/native-file";
import { expectAccepted, expectRefused, useTool } from "./support/tool";

const FOLDER = path.join(__dirname, "../rules");

/** Some files play weeks of samples through; a busy machine takes minutes for them. */
const LIMIT_MS = 600_000;

/** Longest first, since the last one to start decides when all are done. */
const SLOWEST = ["cost-days.test.yaml", "cost.test.yaml", "performance.test.yaml", "stack.test.yaml"];
const order = (file: string): number => (SLOWEST.includes(file) ? SLOWEST.indexOf(file) : SLOWEST.length);
const files = readdirSync(FOLDER).sort((a, b) => order(a) - order(b));

const promtool = useTool("promtool");

describe.concurrent("the alerts do what their tests say", () => {
  it.each(files)("%s", { timeout: LIMIT_MS }, async (file) => {
    expectAccepted(await promtool(["test", "rules", path.join(FOLDER, file)], { timeout: LIMIT_MS }));
  });
});

describe("the rules made of the price table", () => {
  it("are what Prometheus takes, and cost what the table says", async () => {
    const file = "configs/ai-prices.json";
    const table = readPrices(file, await readFile(path.join(__dirname, "../..", file), "utf8"));
    const folder = await mkdtemp(path.join(tmpdir(), "prices-"));
    try {
      await writeFile(path.join(folder, "ai-prices.yaml"), toYaml(priceRules(table)));
      const price = (labels: string, perMillion: number) => ({
        expr: `ai_model_price_dollars_per_token{${labels}}`,
        eval_time: "1m",
        exp_samples: [{ labels: `ai_model_price_dollars_per_token{${labels}}`, value: perMillion / 1e6 }],
      });
      const promql_expr_test = [
        price('model="gpt-4.1-mini", type="cached_input"', 0.1),
        price('model="gpt-4.1-mini", type="cache_write"', 0.4),
        price('model="claude-sonnet-4", type="output"', 15),
      ];
      const tests = { rule_files: ["ai-prices.yaml"], evaluation_interval: "1m", tests: [{ promql_expr_test }] };
      await writeFile(path.join(folder, "prices.test.yaml"), toYaml(tests));
      expectAccepted(await promtool(["test", "rules", path.join(folder, "prices.test.yaml")]));
    } finally {
      await rm(folder, { recursive: true });
    }
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
