import { z } from "zod/v3";

import { anything, address, authorities, boolean, duration, list, object, oneOf, text, url } from "./kinds";

/** The day at which Loki's first period begins; a second one comes after it. */
export const LOKI_FIRST_DAY = "2024-01-01";

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const TOPIC = /^[A-Za-z0-9][A-Za-z0-9._-]{0,239}$/;
/** Hosts that are reached without leaving the machine, or the cluster: loopback, and bare names. */
const NEAR = /^http:\/\/(127\.\d+\.\d+\.\d+|\[::1\]|[^./:[\]]+)(:\d+)?\/?$/;

const day = z
  .string({ invalid_type_error: "expected a day such as 2026-01-31" })
  .refine((value) => /^\d{4}-\d\d-\d\d$/.test(value) && isDay(value), "expected a day such as 2026-01-31")
  .refine((value) => value > LOKI_FIRST_DAY, `expected a day after ${LOKI_FIRST_DAY}`);

/** A member of an object comes as a value of YAML, where a whole key comes as text. */
const flag = z.preprocess((value) => (typeof value === "boolean" ? String(value) : value), boolean);

const endpoint = url(["http", "https"], ", which accessKeyId and lokiObjectStorageSecretKey are for")
  .refine((value) => !/^https?:\/\/[^/]+\/./.test(value), "expected a URL without a path")
  .refine(
    (value) => value.startsWith("https:") || NEAR.test(value),
    "expected https://, since http:// is for a host on this machine or a bare name",
  );

/** A bucket that Loki keeps its chunks and index in from a day on. */
export const lokiObjectStorage = object({
  endpoint: endpoint.optional(),
  bucket: text(BUCKET, "the name of a bucket: 3 to 63 small letters, digits, dots and hyphens").optional(),
  region: anything.optional(),
  accessKeyId: anything.optional(),
  forcePathStyle: flag.optional(),
  authority: authorities.optional(),
  from: day.optional(),
});

/** Kafka between the collectors that take traces and logs in and those that store them. */
export const kafka = object({
  brokers: list(address("kafka-0.kafka:9093"), "host:port").min(1, "expected at least one broker").optional(),
  topicPrefix: text(TOPIC, "letters, digits and . _ -, at most 240 long").optional(),
  tls: flag.optional(),
  authority: authorities.optional(),
  user: anything.optional(),
  mechanism: oneOf("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512").optional(),
});

/** Ages at which an index of lines enters a phase. */
export const elasticsearchPhases = object({
  warm: duration({ least: "1h", most: "100y" }).optional(),
  cold: duration({ least: "1h", most: "100y" }).optional(),
});

/** Whether a date as it is written is one of the calendar: 2026-02-30 is not. */
function isDay(value: string): boolean {
  const parsed = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(value);
}
