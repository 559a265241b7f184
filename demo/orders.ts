/**
 * How the simulated platform is to behave right now. The services read their orders once a second, so that a scenario
 * begins and ends without a restart.
 */
export interface Orders {
  /** Multiplies every visitor's pace; 1 is about six visits a second. */
  readonly rate: number;
  /** Share of requests that a service answers with 500, by service. Others have `BASE_ERROR_SHARE`. */
  readonly errorShare: Readonly<Record<string, number>>;
  /** Seconds that a service waits before it answers, by service. */
  readonly delaySeconds: Readonly<Record<string, number>>;
  /** Share of requests that Airtable answers with 429. */
  readonly airtableLimitedShare: number;
  /** Share of the month's Airtable quota that is used; by itself it grows with the month and stays well below 1. */
  readonly airtableQuotaShare?: number;
  /** Logins with a wrong password, a second, beside those of visitors who mistype. */
  readonly failedLoginsPerSecond: number;
  /** Multiplies the tokens of every AI request. */
  readonly aiTokenFactor: number;
  /** Share of failing runs, by workflow type. */
  readonly workflowFailureShare: Readonly<Record<string, number>>;
  /** Share of files that can not be processed, by file type. */
  readonly fileFailureShare: Readonly<Record<string, number>>;
  /** Share of transactions that are undone, by saga. */
  readonly compensationShare: Readonly<Record<string, number>>;
  /** Share of transactions that can not even be undone, by saga. */
  readonly failedSagaShare: Readonly<Record<string, number>>;
  /** Services with a worker process that takes memory until the kernel ends it. */
  readonly leaking: readonly string[];
  /** Services that nobody calls. */
  readonly idle: readonly string[];
  /** Whether a client takes all connections of the database, holds a transaction open and runs into deadlocks. */
  readonly databaseTrouble: boolean;
}

/** What goes wrong on a good day: enough for every error panel to show something, too little for any alert. */
export const BASE_ERROR_SHARE = 0.002;

export const HEALTHY: Orders = {
  rate: 1,
  errorShare: {},
  delaySeconds: {},
  airtableLimitedShare: 0.01,
  failedLoginsPerSecond: 0,
  aiTokenFactor: 1,
  workflowFailureShare: {},
  fileFailureShare: {},
  compensationShare: {},
  failedSagaShare: {},
  leaking: [],
  idle: [],
  databaseTrouble: false,
};

/** The Redis key under which the services find their orders. */
export const ORDERS_KEY = "demo:orders";

/** The healthy platform with the given changes. Lists and what is told by name add up; else the last one counts. */
export function ordersWith(...changes: readonly Partial<Orders>[]): Orders {
  return changes.reduce<Orders>((orders, change) => {
    const merged = Object.entries(change).map(([key, value]) => [
      key,
      together(orders[key as keyof Orders], value as Orders[keyof Orders]),
    ]);
    return { ...orders, ...(Object.fromEntries(merged) as Partial<Orders>) };
  }, HEALTHY);
}

function together(before: Orders[keyof Orders], now: Orders[keyof Orders]): unknown {
  if (Array.isArray(before) && Array.isArray(now)) return [...new Set([...(before as string[]), ...(now as string[])])];
  if (typeof before === "object" && typeof now === "object") return { ...before, ...now };
  return now;
}
