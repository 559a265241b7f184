import { describe, expect, it } from "vitest";

import { programCertificate } from "../../components/certificates";
import { capacityWarnings } from "../../components/settings/capacity";
import { textOf } from "../support/outputs";
import { problemsOf, settingsFor, type Written } from "../support/settings";

const PEM = programCertificate("a root", "store", ["s3.example.org"]).certificate;
const BUCKET = { endpoint: "https://s3.example.org", bucket: "lines", from: "2026-01-31" };
const BROKERS = ["kafka-0.example.org:9093"];

const bucket = (members: object, more: Written = {}): Written => ({
  lokiObjectStorage: { ...BUCKET, ...members },
  ...more,
});

const refused: [what: string, written: Written, key: string, message: RegExp][] = [
  [
    "a bucket without a day",
    { lokiObjectStorage: { ...BUCKET, from: undefined } },
    "lokiObjectStorage.from",
    /chooses/,
  ],
  [
    "a bucket without a store",
    { lokiObjectStorage: { bucket: "b-1" } },
    "lokiObjectStorage.endpoint",
    /chooses object/,
  ],
  ["a shipper for Loki where it is not", { logging: "elk", shipper: "otel-collector" }, "shipper", /Filebeat ships/],
  ["a key without a bucket", { "lokiObjectStorageSecretKey!": "k" }, "lokiObjectStorage.bucket", /SecretKey chooses/],
  ["a key's name alone", bucket({ accessKeyId: "id" }), "lokiObjectStorageSecretKey", /config set --secret loki/],
  ["a key alone", bucket({}, { "lokiObjectStorageSecretKey!": "k" }), "lokiObjectStorage.accessKeyId", /chooses a key/],
  [
    "a plain-text key",
    bucket({ accessKeyId: "id" }, { lokiObjectStorageSecretKey: "k" }),
    "lokiObjectStorageSecretKey",
    /--secret/,
  ],
  ["a day that is none", bucket({ from: "2026-02-30" }), "lokiObjectStorage.from", /got "2026-02-30"; expected a day/],
  ["a time for a day", bucket({ from: "2026-02-03T00:00:00Z" }), "lokiObjectStorage.from", /such as 2026-01-31/],
  ["Loki's first day", bucket({ from: "2024-01-01" }), "lokiObjectStorage.from", /a day after 2024-01-01/],
  ["a bucket that no store names so", bucket({ bucket: "My_Bucket" }), "lokiObjectStorage.bucket", /3 to 63 small/],
  [
    "a store without TLS elsewhere",
    bucket({ endpoint: "http://s3.example.org" }),
    "lokiObjectStorage.endpoint",
    /https/,
  ],
  ["a store with a path", bucket({ endpoint: "https://a.org/b" }), "lokiObjectStorage.endpoint", /without a path/],
  [
    "a store with a key in its URL",
    bucket({ endpoint: "https://id:k@a.org" }),
    "lokiObjectStorage.endpoint",
    /without a user/,
  ],
  ["a certificate that is none", bucket({ authority: "ca.pem" }), "lokiObjectStorage.authority", /as PEM/],
  ["a bucket without Loki", bucket({}, { logging: "elk" }), "lokiObjectStorage", /has no Loki/],
  ["Kafka without a broker", { kafka: { user: "u" } }, "kafka.brokers", /brokers\[0\]/],
  ["an empty list of brokers", { kafka: { brokers: [] } }, "kafka.brokers", /at least one broker/],
  ["a broker without a port", { kafka: { brokers: ["kafka"] } }, "kafka.brokers[0]", /host:port/],
  [
    "a user of Kafka without a password",
    { kafka: { brokers: BROKERS, user: "u" } },
    "kafkaPassword",
    /--secret kafkaP/,
  ],
  [
    "a password without a user",
    { kafka: { brokers: BROKERS }, "kafkaPassword!": "p" },
    "kafka.user",
    /a login at Kafka/,
  ],
  ["a mechanism without a user", { kafka: { brokers: BROKERS, mechanism: "PLAIN" } }, "kafka.user", /a login at Kafka/],
  ["an unknown mechanism", { kafka: { brokers: BROKERS, mechanism: "GSSAPI" } }, "kafka.mechanism", /SCRAM-SHA-512/],
  [
    "a certificate without TLS",
    { kafka: { brokers: BROKERS, tls: false, authority: PEM } },
    "kafka.authority",
    /no TLS/,
  ],
  ["a topic that Kafka refuses", { kafka: { brokers: BROKERS, topicPrefix: "a b" } }, "kafka.topicPrefix", /letters/],
  ["cold before warm", { elasticsearchPhases: { warm: "5d", cold: "4d" } }, "elasticsearchPhases.cold", /warm before/],
  [
    "warm after the default's cold",
    { elasticsearchPhases: { warm: "20d" } },
    "elasticsearchPhases.warm",
    /warm before/,
  ],
  ["cold after the end", { elasticsearchPhases: { cold: "40d" } }, "elasticsearchPhases.cold", /deleted 720h/],
];

describe("settings past one machine", () => {
  it.each(refused)("refuse %s", (_, written, key, message) => {
    const problem = problemsOf(written).find((candidate) => candidate.key === key);
    expect(problem, JSON.stringify(problemsOf(written))).toBeDefined();
    const { got, expected, fix } = problem as NonNullable<typeof problem>;
    expect(`got ${got}; expected ${expected}. ${fix}`).toMatch(message);
  });

  it("are absent unless they are asked for", () => {
    expect(settingsFor({ logging: "both" })).not.toHaveProperty("kafka");
    expect(settingsFor().loki).not.toHaveProperty("objectStorage");
  });

  it("complete a bucket, with its key as a secret", async () => {
    const written = bucket(
      { accessKeyId: "id", endpoint: "https://s3.example.org/" },
      { "lokiObjectStorageSecretKey!": "k" },
    );
    const { objectStorage } = settingsFor(written).loki ?? {};
    expect(objectStorage).toMatchObject({ ...BUCKET, region: "us-east-1", forcePathStyle: false, key: { id: "id" } });
    expect(await textOf(objectStorage?.key?.secret)).toEqual({ value: "k", secret: true });
  });

  it.each(["http://127.0.0.1:9000", "http://[::1]:9000", "http://minio:9000", "https://minio.stores.svc:9000"])(
    "take the store %s",
    (endpoint) => {
      const { objectStorage } = settingsFor(bucket({ endpoint, forcePathStyle: true })).loki ?? {};
      expect(objectStorage).toMatchObject({ endpoint, forcePathStyle: true });
      expect(objectStorage).not.toHaveProperty("key");
    },
  );

  it("complete Kafka, with its password as a secret", async () => {
    expect(settingsFor({ kafka: { brokers: BROKERS } }).kafka).toEqual({
      brokers: BROKERS,
      topicPrefix: "pyairtable-test",
      tls: true,
    });
    const { kafka } = settingsFor({ kafka: { brokers: BROKERS, tls: false, user: "u" }, "kafkaPassword!": "p" });
    expect(kafka).toMatchObject({ tls: false, login: { user: "u", mechanism: "SCRAM-SHA-512" } });
    expect(await textOf(kafka?.login?.password)).toEqual({ value: "p", secret: true });
  });

  it("give one phase its age and leave the other at its share", () => {
    const { elk } = settingsFor({ logging: "elk", elasticsearchPhases: { warm: "1d" } });
    expect(elk?.phases).toEqual({ warm: 86_400, cold: 12 * 86_400 });
  });

  it("have no volume that Loki's lines must fit", () => {
    expect(capacityWarnings(settingsFor({ lokiRetention: "1y" }))).toHaveLength(1);
    expect(capacityWarnings(settingsFor(bucket({}, { lokiRetention: "1y" })))).toEqual([]);
  });
});
