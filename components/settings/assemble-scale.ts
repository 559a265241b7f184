import * as pulumi from "@pulumi/pulumi";

import { defined } from "./optional";
import type { Values } from "./schema";
import type { Kafka, LokiObjectStorage } from "./settings";

/** Stores that speak S3's language and have no regions take any; this is the one that clients assume. */
const REGION = "us-east-1";

/** Shares of the retention after which an index leaves the hot and the warm phase, when no age is given. */
const HOT_SHARE = 0.1;
const WARM_SHARE = 0.4;

/** The ages in seconds at which an index enters its warm and its cold phase. */
export function phaseAges(
  retentionSeconds: number,
  { warm, cold }: Values["elasticsearchPhases"],
): { readonly warm: number; readonly cold: number } {
  return { warm: warm ?? retentionSeconds * HOT_SHARE, cold: cold ?? retentionSeconds * WARM_SHARE };
}

/** The bucket of Loki, when the checks have found it complete. */
export function assembleObjectStorage(values: Values): { readonly objectStorage?: LokiObjectStorage } {
  const { endpoint, bucket, from, region = REGION, forcePathStyle = false, ...rest } = values.lokiObjectStorage;
  if (endpoint === undefined || bucket === undefined || from === undefined) return {};
  const { accessKeyId, authority } = rest;
  const secretKey = values.lokiObjectStorageSecretKey;
  return {
    objectStorage: {
      endpoint: endpoint.replace(/\/$/, ""),
      bucket,
      from,
      region,
      forcePathStyle,
      ...defined({ authority }),
      ...(accessKeyId !== undefined && secretKey !== undefined
        ? { key: { id: accessKeyId, secret: pulumi.secret(secretKey) } }
        : {}),
    },
  };
}

/** @param name the stack's, which topics have in front when nothing else is said. */
export function assembleKafka(values: Values, name: string): { readonly kafka?: Kafka } {
  const { brokers, topicPrefix = name, tls = true, authority, user, mechanism = "SCRAM-SHA-512" } = values.kafka;
  if (brokers === undefined) return {};
  const password = values.kafkaPassword;
  return {
    kafka: {
      brokers,
      topicPrefix,
      tls,
      ...defined({ authority }),
      ...(user !== undefined && password !== undefined
        ? { login: { user, mechanism, password: pulumi.secret(password) } }
        : {}),
    },
  };
}
