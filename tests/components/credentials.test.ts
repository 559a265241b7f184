import { describe, expect, it } from "vitest";

import { Credentials } from "../../components/credentials";
import { recordResources } from "../support/mocks";
import { textOf } from "../support/outputs";
import { settingsFor } from "../support/settings";

describe("credentials", () => {
  it("generate a password of 32 letters and digits, once, and keep it secret", async () => {
    const recorder = await recordResources();
    const credentials = new Credentials("credentials", settingsFor());
    expect(await textOf(credentials.grafanaAdminPassword)).toEqual({
      value: "generated-credentials-grafana-admin-password",
      secret: true,
    });
    await recorder.drain();
    expect(recorder.registrations).toHaveLength(2);
    expect(recorder.named("credentials")).toMatchObject({
      type: "pyairtable:security:Credentials",
      component: true,
      inputs: {},
      outputs: { grafanaAdminPassword: "generated-credentials-grafana-admin-password" },
      secretOutputs: ["grafanaAdminPassword"],
    });
    expect(recorder.named("credentials-grafana-admin-password")).toMatchObject({
      type: "random:index/randomPassword:RandomPassword",
      parent: "credentials",
      inputs: { length: 32, special: false },
    });
  });

  it("use the password that the settings give, keep it secret, and generate none", async () => {
    const recorder = await recordResources();
    const credentials = new Credentials("credentials", settingsFor({ "grafanaAdminPassword!": "correct horse" }));
    expect(await textOf(credentials.grafanaAdminPassword)).toEqual({ value: "correct horse", secret: true });
    await recorder.drain();
    expect(recorder.registrations.map(({ name }) => name)).toEqual(["credentials"]);
    expect(recorder.named("credentials")).toMatchObject({
      outputs: { grafanaAdminPassword: "correct horse" },
      secretOutputs: ["grafanaAdminPassword"],
    });
  });

  it("do not repeat a given password among the inputs", async () => {
    const recorder = await recordResources();
    new Credentials("credentials", settingsFor({ "grafanaAdminPassword!": "correct horse" }));
    await recorder.drain();
    expect(JSON.stringify(recorder.registrations.map(({ inputs }) => inputs))).not.toContain("correct horse");
  });
});
