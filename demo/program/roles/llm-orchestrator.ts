import { SpanKind } from "@opentelemetry/api";
import { Counter, Histogram, type Registry } from "prom-client";

import prices from "../../../configs/ai-prices.json";
import type { Random } from "../random";
import type { Route } from "../server";
import type { Task } from "../telemetry";
import { call, work, type Tools } from "../tools";

/** How often each model is asked, and seconds that it takes. What it costs stands in the table of prices. */
export const MODELS = {
  "gpt-4.1-mini": { weight: 6, seconds: 1.2 },
  "gemini-2.5-flash": { weight: 3, seconds: 0.9 },
  "claude-sonnet-4": { weight: 1, seconds: 2.5 },
} as const;

/** Who causes the cost. */
const CALLERS = { "api-gateway": 7, "automation-services": 3 } as const;

const TOKENS = { input: 260, cached_input: 140, output: 120 } as const;

const FAILING = 0.02;

type Model = keyof typeof MODELS;
const MODEL_WEIGHTS = Object.fromEntries(
  Object.entries(MODELS).map(([name, { weight }]) => [name, weight]),
) as Readonly<Record<Model, number>>;

/** Asks models, lets them call tools, and counts what it costs. */
export function llmOrchestrator(tools: Tools): Route[] {
  const usage = new AiUsage(tools.registry, tools.random);
  const think = async (task: Task): Promise<void> => {
    const model = usage.model();
    await task.part(`chat ${model}`, SpanKind.CLIENT, { "gen_ai.request.model": model }, async (part) => {
      const started = Date.now();
      await work(tools, MODELS[model].seconds);
      const answered = usage.count(model, (Date.now() - started) / 1_000, tools.orders().aiTokenFactor);
      if (!answered) part.log("error", `${model} did not answer`, { model });
    });
    await call(tools, task, "POST", "mcp-server", "/tools/call");
  };
  return [
    {
      method: "POST",
      path: "/chat",
      // The answer is streamed later: whoever asked does not wait for the model.
      handle: async (task) => {
        await work(tools, 0.01);
        void task.part("answer a chat", SpanKind.INTERNAL, {}, think);
        return 202;
      },
    },
  ];
}

/** Requests to models, with their metrics. */
export class AiUsage {
  readonly #metrics: ReturnType<typeof aiMetrics>;

  constructor(
    registry: Registry,
    private readonly random: Random,
  ) {
    this.#metrics = aiMetrics(registry);
  }

  /** The model of the next request. */
  model(): Model {
    return this.random.pick(MODEL_WEIGHTS);
  }

  /** Counts one request, and tells whether the model answered. */
  count(model: Model, seconds: number, tokenFactor: number): boolean {
    const { requests, durations, tokens, cost } = this.#metrics;
    const service = this.random.pick(CALLERS);
    const failed = this.random.chance(FAILING);
    durations.observe({ model }, seconds);
    requests.inc({ model, status: failed ? "error" : "success" });
    if (failed) return false;
    for (const type of ["input", "cached_input", "output"] as const) {
      const used = Math.round(this.random.around(TOKENS[type]) * tokenFactor);
      tokens.inc({ type, model }, used);
      cost.inc({ model, service }, (used * prices.models[model][type]) / 1e6);
    }
    return true;
  }
}

function aiMetrics(registry: Registry) {
  const registers = [registry];
  const metrics = {
    requests: new Counter({
      name: "ai_requests_total",
      help: "Requests to models, by result.",
      labelNames: ["model", "status"] as const,
      registers,
    }),
    durations: new Histogram({
      name: "ai_request_duration_seconds",
      help: "Time that a model takes.",
      labelNames: ["model"] as const,
      buckets: [0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120],
      registers,
    }),
    tokens: new Counter({
      name: "ai_tokens_used_total",
      help: "Tokens, by type.",
      labelNames: ["type", "model"] as const,
      registers,
    }),
    cost: new Counter({
      name: "ai_api_cost_total",
      help: "Cost in US dollars, by model and by the service that caused it.",
      labelNames: ["model", "service"] as const,
      registers,
    }),
  };
  for (const model of Object.keys(MODELS)) {
    for (const status of ["success", "error"]) metrics.requests.inc({ model, status }, 0);
    for (const type of Object.keys(TOKENS)) metrics.tokens.inc({ type, model }, 0);
    for (const service of Object.keys(CALLERS)) metrics.cost.inc({ model, service }, 0);
  }
  return metrics;
}
