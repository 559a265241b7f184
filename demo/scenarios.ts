import { UsageError } from "../operations/fail";
import type { Orders } from "./orders";

/** An alert, and what it is about. */
export interface Named {
  readonly alert: string;
  /** Labels that tell it from the same alert elsewhere, as regular expressions for the whole value. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** An alert that a scenario must raise. */
export interface Expected extends Named {
  /** Alertmanager's receiver that must hear of it. */
  readonly receiver: "critical" | "oncall" | "security" | "security-critical" | "info";
}

/** Something that goes wrong on the simulated platform. */
export interface Scenario {
  readonly name: string;
  /** One line for people. */
  readonly about: string;
  readonly orders: Partial<Orders>;
  /** Services whose container is stopped. */
  readonly stops: readonly string[];
  readonly fires: readonly Expected[];
  /** Alerts that are right to fire too, sooner or later, depending on how long it lasts and what else goes on. */
  readonly mayFire: readonly Named[];
  /** Minutes within which all that it fires has fired: the alerts' own `for` and windows, and a few to spare. */
  readonly detectMinutes: number;
  /** Minutes after its end within which all of them are resolved: their windows, and Alertmanager's group interval. */
  readonly resolveMinutes: number;
  /** Whether the alerts look back so far that it must begin with the stack. */
  readonly fromTheStart?: true;
}

/** @param services as a regular expression. */
function about(services: string, alerts: readonly string[]): Named[] {
  return alerts.map((alert) => ({ alert, labels: { service: services } }));
}

/** Everything that can go wrong. Each strikes a part of the platform of its own, so they can also come together. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: "service-down",
    about: "the frontend's container is stopped",
    orders: {},
    stops: ["frontend"],
    fires: [{ alert: "ServiceDown", receiver: "critical", labels: { service: "frontend" } }],
    mayFire: [],
    detectMinutes: 5,
    resolveMinutes: 10,
  },
  {
    name: "error-burst",
    about: "the API gateway answers four of ten requests with 500",
    orders: { errorShare: { "api-gateway": 0.4 } },
    stops: [],
    fires: [{ alert: "HighErrorRate", receiver: "critical", labels: { service: "api-gateway" } }],
    // The frontend passes the gateway's errors on.
    mayFire: about("frontend|api-gateway", [
      "HighErrorRate",
      "AvailabilityBudgetBurnsFast",
      "AvailabilityBudgetBurnsSlowly",
    ]),
    detectMinutes: 8,
    resolveMinutes: 13,
  },
  {
    name: "slow-dependency",
    about: "Airtable takes seconds and limits a third of the requests",
    orders: { delaySeconds: { "airtable-gateway": 2.5 }, airtableLimitedShare: 0.35 },
    stops: [],
    fires: [
      { alert: "SlowResponses", receiver: "oncall", labels: { service: "airtable-gateway" } },
      { alert: "AirtableRateLimited", receiver: "oncall" },
    ],
    // Those who wait for Airtable are slow too.
    mayFire: about("airtable-gateway|api-gateway|frontend|mcp-server|automation-services|saga-orchestrator", [
      "SlowResponses",
      "LatencyBudgetBurnsFast",
      "LatencyBudgetBurnsSlowly",
    ]),
    detectMinutes: 15,
    resolveMinutes: 18,
  },
  {
    name: "database-trouble",
    about: "a client takes PostgreSQL's connections, holds a transaction open and deadlocks",
    orders: { databaseTrouble: true },
    stops: [],
    fires: [
      { alert: "PostgresDeadlocks", receiver: "oncall" },
      { alert: "PostgresConnectionsExhausted", receiver: "critical" },
      { alert: "PostgresSlowQueries", receiver: "oncall" },
    ],
    mayFire: [{ alert: "PostgresConnectionsHigh" }, { alert: "PostgresDown" }],
    detectMinutes: 7,
    resolveMinutes: 22,
  },
  {
    name: "memory-leak",
    about: "a worker of the MCP server takes memory until the kernel ends it, again and again",
    orders: { leaking: ["mcp-server"] },
    stops: [],
    fires: [{ alert: "ContainerOomKilled", receiver: "oncall", labels: { name: ".+-demo-mcp-server" } }],
    mayFire: ["ContainerMemoryNearLimit", "ContainerMemoryGrowing"].map((alert) => ({
      alert,
      labels: { name: ".+-demo-mcp-server" },
    })),
    detectMinutes: 4,
    resolveMinutes: 22,
  },
  {
    name: "brute-force-logins",
    about: "twenty logins a second with wrong passwords",
    orders: { failedLoginsPerSecond: 20 },
    stops: [],
    fires: [
      { alert: "AuthenticationBruteForce", receiver: "security-critical" },
      { alert: "AuthenticationFailuresHigh", receiver: "security" },
    ],
    mayFire: about("platform-services|api-gateway", ["DeniedRequestsHigh", "RequestRateSurge"]),
    detectMinutes: 8,
    resolveMinutes: 15,
  },
  {
    name: "cost-spike",
    about: "every AI request takes hundreds of times the tokens",
    orders: { aiTokenFactor: 400 },
    stops: [],
    fires: [{ alert: "AiCostSpike", receiver: "critical" }],
    mayFire: ["AiDailyCostHigh", "AiDailyBudgetForecast", "AiMonthlyCostProjected", "AiTokensPerRequestHigh"].map(
      (alert) => ({ alert }),
    ),
    detectMinutes: 17,
    resolveMinutes: 30,
  },
  {
    name: "failing-workflows",
    about: "nearly all record syncs and CSV files fail",
    orders: { workflowFailureShare: { "record-sync": 0.95 }, fileFailureShare: { csv: 0.95 } },
    stops: [],
    fires: [
      { alert: "WorkflowFailuresHigh", receiver: "oncall", labels: { type: "record-sync" } },
      { alert: "FileProcessingFailing", receiver: "oncall", labels: { type: "csv" } },
    ],
    mayFire: [],
    detectMinutes: 20,
    resolveMinutes: 30,
  },
  {
    name: "compensation-storm",
    about: "most table imports are undone, and a third can not even be undone",
    orders: { compensationShare: { "table-import": 0.9 }, failedSagaShare: { "table-import": 0.3 } },
    stops: [],
    fires: [
      { alert: "SagaFailed", receiver: "critical", labels: { saga: "table-import" } },
      { alert: "SagaCompensationsHigh", receiver: "oncall", labels: { saga: "table-import" } },
    ],
    mayFire: [],
    // Six of ten are undone: a fifth of an hour of them takes twenty minutes, and then the alert waits ten.
    detectMinutes: 35,
    resolveMinutes: 30,
  },
  {
    name: "quota-used-up",
    about: "the month's Airtable quota is gone",
    orders: { airtableQuotaShare: 1 },
    stops: [],
    fires: [{ alert: "AirtableQuotaNearlyUsed", receiver: "oncall" }],
    mayFire: [],
    detectMinutes: 19,
    resolveMinutes: 10,
  },
  {
    name: "idle-service",
    about: "nobody calls the MCP server",
    orders: { idle: ["mcp-server"] },
    stops: [],
    fires: [{ alert: "UnusedService", receiver: "info", labels: { service: "mcp-server" } }],
    mayFire: [],
    detectMinutes: 65,
    resolveMinutes: 10,
    fromTheStart: true,
  },
];

/**
 * Scenarios by name. `healthy` is none of them.
 *
 * @throws UsageError with the names that there are.
 */
export function scenariosNamed(names: readonly string[]): Scenario[] {
  return names
    .filter((name) => name !== "healthy")
    .map((name) => {
      const found = SCENARIOS.find((scenario) => scenario.name === name);
      if (found === undefined) {
        const known = ["healthy", ...SCENARIOS.map((scenario) => scenario.name)].join(", ");
        throw new UsageError(`there is no scenario "${name}". Take some of: ${known}`);
      }
      return found;
    });
}
