import { describe, expect, it } from "vitest";

import { priceRules, readPrices, ruleFilesFor } from "../../components/consistency";
import { nativeText } from "../../components/programs/native-file";

const table = (models: unknown, rest: object = {}) =>
  JSON.stringify({ version: "1", currency: "USD", models, ...rest });

describe("the table of prices", () => {
  it("is read, and becomes one rule for each model, and one for its version", () => {
    const prices = readPrices("prices.json", table({ small: { input: 2, cached_input: 0.5, output: 8 } }));
    const expr = [
      "(",
      '  label_replace(vector(2), "type", "input", "", "")',
      "  or",
      '  label_replace(vector(0.5), "type", "cached_input", "", "")',
      "  or",
      // No price of its own: as new input.
      '  label_replace(vector(2), "type", "cache_write", "", "")',
      "  or",
      '  label_replace(vector(8), "type", "output", "", "")',
      ")",
      "/ 1e6",
    ].join("\n");
    expect(priceRules(prices)).toEqual({
      groups: [
        {
          name: "ai-prices-1",
          interval: "1m",
          rules: [
            { record: "ai_model_price_dollars_per_token", expr, labels: { model: "small" } },
            { record: "ai_price_table_info", expr: "vector(1)", labels: { version: "1", currency: "USD" } },
          ],
        },
      ],
    });
  });

  it("that is committed can be read, and cached input costs less than new input", () => {
    const { models } = readPrices("configs/ai-prices.json", nativeText("ai-prices.json"));
    expect(Object.keys(models).length).toBeGreaterThan(5);
    for (const { input, cached_input } of Object.values(models)) expect(cached_input).toBeLessThan(input);
  });

  it.each([
    ["{", /prices\.json is no valid JSON/],
    [table({ small: { input: -1, output: 1 } }), /models\.small\.input: expected 0 or more/],
    [table({ small: { input: "1", output: 1 } }), /models\.small\.input: expected US dollars for a million tokens/],
    [table({ small: { input: 1 } }), /models\.small\.output/],
    [table({ small: { input: 1, output: 1, cashed: 1 } }), /models\.small: .*cashed/],
    [table({}, { currency: "EUR" }), /currency: expected "USD"/],
    [table({}, { version: undefined }), /version: expected text/],
  ])("is refused with what is wrong: %s", (text, reason) => {
    expect(() => readPrices("prices.json", text)).toThrow(reason);
  });
});

describe("rule files", () => {
  const files = ["critical.yaml", "stack.yaml", "stack-loki.yaml", "stack-kubelet.yaml"];

  it.each([
    [["prometheus"], ["critical.yaml", "stack.yaml"]],
    [
      ["prometheus", "loki"],
      ["critical.yaml", "stack.yaml", "stack-loki.yaml"],
    ],
    [["loki", "kubelet"], files],
  ])("that concern one program are loaded only beside it: %j", (programs, loaded) => {
    expect(ruleFilesFor(files, programs)).toEqual(loaded);
  });
});
