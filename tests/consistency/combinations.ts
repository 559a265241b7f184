import { readFileSync } from "node:fs";
import path from "node:path";

import { load } from "js-yaml";

import type { Written } from "../support/settings";

/** The values of a committed `Pulumi.<stack>.yaml`. */
function committed(stack: string): Written {
  const text = readFileSync(path.join(__dirname, `../../Pulumi.${stack}.yaml`), "utf8");
  const { config } = load(text) as { config: Record<string, unknown> };
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace(/^.*?:/, ""), value]));
}

const everyLogging = ["docker", "kubernetes"].flatMap((platform) =>
  ["loki", "elk", "both"].map((logging): [string, Written] => [`${logging} on ${platform}`, { platform, logging }]),
);

/** The configurations of which is proven that the committed files fit together. */
export const COMBINATIONS: Readonly<Record<string, Written>> = {
  ...Object.fromEntries(everyLogging),
  "Pulumi.dev.yaml": committed("dev"),
  "Pulumi.prod.yaml": committed("prod"),
  "a collector gateway": { platform: "kubernetes", collectorGateway: true },
  "traces in Elasticsearch": { platform: "kubernetes", logging: "elk", jaegerStorage: "elasticsearch" },
  "Kafka, on Docker": { kafka: { brokers: ["kafka-0.example.com:9093"] } },
  "Kafka between agents and gateways": {
    platform: "kubernetes",
    collectorGateway: true,
    kafka: { brokers: ["kafka-0.example.com:9093"] },
  },
  "the collector as shipper, on Docker": { shipper: "otel-collector" },
  "the collector as shipper, beside both stores on Kubernetes": {
    platform: "kubernetes",
    logging: "both",
    shipper: "otel-collector",
  },
  "federation of another Prometheus": { federateFrom: ["prometheus.eu.example.com:9090"] },
};
