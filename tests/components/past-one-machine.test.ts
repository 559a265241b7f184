import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";

import type { StackOutputs } from "../../components/stack-outputs";
import { recordResources } from "../support/mocks";

const MARK = "secretmark";
const PROJECT = "pyairtable-monitoring";

const SECRETS = { lokiObjectStorageSecretKey: `${MARK}-of-the-bucket`, kafkaPassword: `${MARK}-of-kafka` };
const PLAIN = {
  lokiObjectStorage: JSON.stringify({
    endpoint: "https://s3.example.org",
    bucket: "lines",
    from: "2026-01-31",
    accessKeyId: "id",
  }),
  kafka: JSON.stringify({ brokers: ["kafka.example.org:9093"], user: "collector" }),
};

it("a stack with a bucket and Kafka shows their secrets nowhere, and says what no backup of it holds", async () => {
  const recorder = await recordResources("dev");
  const keyed = Object.entries({ ...PLAIN, ...SECRETS }).map(([key, value]) => [`${PROJECT}:${key}`, value] as const);
  pulumi.runtime.setAllConfig(
    Object.fromEntries(keyed),
    Object.keys(SECRETS).map((key) => `${PROJECT}:${key}`),
  );
  const { default: program } = (await import("../../index")) as unknown as { default: () => Promise<StackOutputs> };
  const outputs = await program().finally(() => recorder.drain());
  expect(outputs.lokiBucket).toBe("lines at https://s3.example.org");
  const holders = recorder.registrations.filter(({ inputs }) => JSON.stringify(inputs).includes(MARK));
  expect(holders.map(({ name }) => name).sort()).toEqual(["logging-loki-files", "tracing-otel-collector-files"]);
  expect(recorder.registrations.filter((one) => JSON.stringify(one.shown).includes(MARK))).toEqual([]);
});
