import { z } from "zod/v3";

const EXPECTED_PRICE = "expected US dollars for a million tokens";
const price = z
  .number({ invalid_type_error: EXPECTED_PRICE, required_error: EXPECTED_PRICE })
  .min(0, "expected 0 or more");

/** Prices by the values of the label `type` of `ai_tokens_used_total`, which exclude each other. */
const model = z
  .object({
    input: price,
    cached_input: price.optional(),
    cache_write: price.optional(),
    output: price,
  })
  .strict();

const table = z
  .object({
    version: z.string({ invalid_type_error: "expected text", required_error: "expected text" }),
    currency: z.literal("USD", {
      errorMap: () => ({ message: 'expected "USD": budgets and reported cost are in US dollars' }),
    }),
    models: z.record(z.string().min(1), model),
  })
  .strict();

/** What AI models cost: US dollars for a million tokens, by model and type of token. */
export type PriceTable = z.output<typeof table>;

/**
 * Reads a table of prices such as `configs/ai-prices.json`.
 *
 * @throws Error with everything that is wrong with it.
 */
export function readPrices(file: string, text: string): PriceTable {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`${file} is no valid JSON: ${(error as Error).message}`);
  }
  const parsed = table.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `  ${path.join(".") || "the table"}: ${message}`);
  throw new Error([`${file} is no table of prices:`, ...problems].join("\n"));
}

/**
 * The table as rules that record `ai_model_price_dollars_per_token{model,type}`, which `recording.yaml` multiplies with
 * tokens. A type without a price of its own costs what new input costs. `ai_price_table_info{version,currency}` is 1 and tells
 * of which table they are; as a label of the prices, the version would double them for a moment when it changes. A rule for each
 * model, since every rule costs an evaluation of its own.
 */
export function priceRules({ version, currency, models }: PriceTable): object {
  const prices = Object.entries(models).map(([name, { input, cached_input, cache_write, output }]) => {
    const byType = { input, cached_input: cached_input ?? input, cache_write: cache_write ?? input, output };
    const series = Object.entries(byType).map(
      ([type, dollars]) => `label_replace(vector(${dollars}), "type", "${type}", "", "")`,
    );
    return {
      record: "ai_model_price_dollars_per_token",
      expr: `(\n  ${series.join("\n  or\n  ")}\n)\n/ 1e6`,
      labels: { model: name },
    };
  });
  const info = { record: "ai_price_table_info", expr: "vector(1)", labels: { version, currency } };
  return { groups: [{ name: `ai-prices-${version}`, interval: "1m", rules: [...prices, info] }] };
}
