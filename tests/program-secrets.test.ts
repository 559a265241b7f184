import { beforeAll, describe, expect, it } from "vitest";

import type { StackOutputs } from "../components/stack-outputs";
import { recordResources, type Recorder } from "./support/mocks";
import { runProgram } from "./support/run-program";

const MARK = "secretmark";
const SECRETS = {
  grafanaAdminPassword: "secretmark-grafana",
  grafanaSecretKey: "secretmark-grafana-key",
  redisPassword: "secretmark-redis",
  postgresPassword: "secretmark-postgres",
  smtpPassword: "secretmark-smtp",
  slackWebhookUrl: "https://hooks.slack.com/services/secretmark-slack",
  pagerdutyRoutingKey: "secretmarkpagerduty0123456789abc",
  alertWebhookUrl: "https://receiver.example.org/secretmark-webhook",
};
const EMAIL = {
  smtpHost: "mail.example.org:587",
  smtpUser: "alerts",
  alertFromEmail: "alerts@example.org",
  oncallEmail: "oncall@example.org",
};

describe("secrets of the dev stack", () => {
  let recorder: Recorder;
  let outputs: StackOutputs;
  beforeAll(async () => {
    recorder = await recordResources("dev");
    outputs = await runProgram(recorder, SECRETS, EMAIL);
  });

  it("reach the containers that need them", () => {
    const holders = recorder.registrations.filter(({ inputs }) => JSON.stringify(inputs).includes(MARK));
    expect(holders.map(({ name }) => name).sort()).toEqual([
      "exporters-postgres-exporter-files",
      "exporters-redis-exporter-files",
      "metrics-alertmanager-files",
      "metrics-grafana-files",
    ]);
    for (const { options } of holders) expect(options.additionalSecretOutputs).toEqual(["uploads"]);
    const texts = JSON.stringify(holders.map(({ inputs }) => inputs));
    for (const secret of Object.values(SECRETS)) expect(texts).toContain(secret);
  });

  it("are in plain text nowhere", () => {
    const shown = recorder.registrations.filter((one) => JSON.stringify(one.shown).includes(MARK));
    expect(shown.map(({ name }) => name)).toEqual([]);
    for (const { outputs: registered = {}, secretOutputs = [] } of recorder.registrations) {
      const open = Object.entries(registered).filter(([name]) => !secretOutputs.includes(name));
      expect(JSON.stringify(open)).not.toContain(MARK);
    }
  });

  it("are generated for none that is given", () => {
    expect(recorder.ofKind("RandomPassword")).toEqual([]);
  });

  it("turn on the channels, which the outputs name", () => {
    expect(outputs.alertChannels).toEqual(["email", "slack", "pagerduty", "webhook"]);
  });
});
