import type { Redis } from "ioredis";
import type { Pool } from "pg";
import { Registry } from "prom-client";

import { HEALTHY, ordersWith, type Orders } from "../../demo/orders";
import { Random } from "../../demo/program/random";
import type { Tools } from "../../demo/program/tools";

/** Tools of a service that reaches nothing: no cache, no database, no other service. */
export function toolsOf(role: string, orders: Partial<Orders> = {}): Tools {
  return {
    environment: {
      role,
      port: 0,
      metricsPath: "/metrics",
      seed: "test",
      otlpUrl: "http://127.0.0.1:1",
      redisUrl: "redis://127.0.0.1:1",
      postgresUrl: "postgres://127.0.0.1:1",
      peers: {},
    },
    registry: new Registry(),
    random: new Random(`test:${role}`),
    redis: {} as Redis,
    postgres: {} as Pool,
    orders: () => ordersWith(HEALTHY, orders),
  };
}
