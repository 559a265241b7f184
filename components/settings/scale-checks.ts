import { formatDuration } from "../units";
import { phaseAges } from "./assemble-scale";
import type { Unless } from "./cross-checks";
import { missingFor, type Problem } from "./problems";
import type { Values } from "./schema";

/** What the settings that lead past one machine need of each other. */
export function scaleChecks(unless: Unless): Problem[] {
  return [
    ...unless(["lokiObjectStorage", "lokiObjectStorageSecretKey"], objectStorageIncomplete),
    ...unless(["lokiObjectStorage", "logging"], objectStorageWithoutLoki),
    ...unless(["shipper", "logging"], shipperWithoutLoki),
    ...unless(["kafka", "kafkaPassword"], kafkaIncomplete),
    ...unless(["kafka"], kafkaAuthorityUnused),
    ...unless(["elasticsearchPhases", "elasticsearchRetention"], phasesOutOfOrder),
  ];
}

function objectStorageIncomplete(values: Values): Problem[] {
  const { lokiObjectStorage: storage, lokiObjectStorageSecretKey: secretKey } = values;
  const given = Object.keys(storage).map((key) => `lokiObjectStorage.${key}`);
  if (secretKey !== undefined) given.push("lokiObjectStorageSecretKey");
  if (given.length === 0) return [];
  const missing = (["endpoint", "bucket", "from"] as const)
    .filter((key) => storage[key] === undefined)
    .map((key) => missingFor("object storage for Loki", given[0] as string, `lokiObjectStorage.${key}`, "--path "));
  if ((storage.accessKeyId === undefined) === (secretKey === undefined)) return missing;
  const other =
    secretKey === undefined
      ? missingFor("a key", "lokiObjectStorage.accessKeyId", "lokiObjectStorageSecretKey", "--secret ")
      : missingFor("a key", "lokiObjectStorageSecretKey", "lokiObjectStorage.accessKeyId", "--path ");
  return [...missing, other];
}

function objectStorageWithoutLoki({ lokiObjectStorage, logging }: Values): Problem[] {
  if (logging !== "elk" || Object.keys(lokiObjectStorage).length === 0) return [];
  return [
    {
      key: "lokiObjectStorage",
      got: "object storage for Loki, with logging elk",
      expected: "nothing where the stack has no Loki",
      fix: "Remove it with: pulumi config rm lokiObjectStorage   or choose: pulumi config set logging both",
    },
  ];
}

function shipperWithoutLoki({ shipper, logging }: Values): Problem[] {
  if (logging !== "elk" || shipper === "promtail") return [];
  return [
    {
      key: "shipper",
      got: `${shipper}, with logging elk`,
      expected: "nothing where the stack has no Loki: Filebeat ships to Elasticsearch",
      fix: "Remove it with: pulumi config rm shipper   or choose: pulumi config set logging both",
    },
  ];
}

function kafkaIncomplete({ kafka, kafkaPassword }: Values): Problem[] {
  const given = Object.keys(kafka).map((key) => `kafka.${key}`);
  if (kafkaPassword !== undefined) given.push("kafkaPassword");
  if (given.length === 0) return [];
  if (kafka.brokers === undefined) {
    return [missingFor("Kafka", given.join(" and "), "kafka.brokers", "--path ")].map((problem) => ({
      ...problem,
      fix: "Set it with: pulumi config set --path 'kafka.brokers[0]' <host:port>",
    }));
  }
  if ((kafka.user === undefined) !== (kafkaPassword === undefined)) {
    return kafka.user === undefined
      ? [missingFor("a login at Kafka", "kafkaPassword", "kafka.user", "--path ")]
      : [missingFor("a login at Kafka", "kafka.user", "kafkaPassword", "--secret ")];
  }
  if (kafka.mechanism === undefined || kafka.user !== undefined) return [];
  return [missingFor("a login at Kafka", "kafka.mechanism", "kafka.user", "--path ")];
}

function kafkaAuthorityUnused({ kafka }: Values): Problem[] {
  if (kafka.tls !== false || kafka.authority === undefined) return [];
  return [
    {
      key: "kafka.authority",
      got: "a certificate, with kafka.tls false",
      expected: "nothing where the connection has no TLS",
      fix: "Remove it with: pulumi config rm --path kafka.authority   or set kafka.tls to true.",
    },
  ];
}

/** An index that is deleted before a phase never enters it. */
function phasesOutOfOrder({ elasticsearchPhases: given, elasticsearchRetention: retention }: Values): Problem[] {
  if (Object.keys(given).length === 0) return [];
  const { warm, cold } = phaseAges(retention, given);
  const ages = `warm ${formatDuration(warm)}, cold ${formatDuration(cold)}, deleted ${formatDuration(retention)}`;
  if (warm < cold && cold < retention) return [];
  const key = `elasticsearchPhases.${given.cold === undefined ? "warm" : "cold"}`;
  return [
    {
      key,
      got: `ages in this order: ${ages}`,
      expected: "warm before cold, and cold before elasticsearchRetention",
      fix: `Change it with: pulumi config set --path ${key} <age>`,
    },
  ];
}
