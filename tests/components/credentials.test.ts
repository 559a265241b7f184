import bcrypt from "bcryptjs";
import { describe, expect, it } from "vitest";

import { Credentials } from "../../components/credentials";
import { recordResources } from "../support/mocks";
import { textOf } from "../support/outputs";
import { settingsFor } from "../support/settings";

const ROOT = "generated-credentials-root";

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

describe("derived credentials", () => {
  it("come from one root, which is made only when it is needed", async () => {
    const recorder = await recordResources();
    const credentials = new Credentials("credentials", settingsFor());
    const first = await textOf(credentials.password("one"));
    const second = await textOf(credentials.password("two"));
    await recorder.drain();
    expect(recorder.ofKind("RandomPassword").map(({ name }) => name)).toEqual([
      "credentials-grafana-admin-password",
      "credentials-root",
    ]);
    expect(recorder.named("credentials-root")).toMatchObject({
      parent: "credentials",
      inputs: { length: 64, special: false },
    });
    for (const { value, secret } of [first, second]) {
      expect(value).toMatch(/^[0-9a-f]{48}$/);
      expect(value).not.toContain(ROOT);
      expect(secret).toBe(true);
    }
    expect(first.value).not.toBe(second.value);
  });

  it("are the same on every run", async () => {
    const passwords = [];
    for (let run = 0; run < 2; run += 1) {
      const recorder = await recordResources();
      passwords.push((await textOf(new Credentials("credentials", settingsFor()).password("one"))).value);
      await recorder.drain();
    }
    expect(passwords[0]).toBe(passwords[1]);
    // Another derivation would change every password of every stack: that is a decision, not an accident.
    expect(passwords[0]).toBe("40dc94ad7ddbb0412846e1987a2c6ab1773683f158b1a72c");
  });

  it("leave what the settings give as it is", async () => {
    const recorder = await recordResources();
    const given = settingsFor({
      logging: "elk",
      "elasticPassword!": "given for elastic",
      frontDoor: { domain: "localhost" },
      "frontDoorPassword!": "given for the front door",
      grafanaDatabase: { address: "postgres.example.com:5432" },
      "grafanaDatabasePassword!": "given for the database",
      "grafanaSecretKey!": "given for what is stored",
    });
    const credentials = new Credentials("credentials", given);
    expect(await textOf(credentials.elasticPassword)).toEqual({ value: "given for elastic", secret: true });
    expect(await textOf(credentials.frontDoorPassword)).toEqual({ value: "given for the front door", secret: true });
    expect(await textOf(credentials.grafanaDatabasePassword)).toEqual({
      value: "given for the database",
      secret: true,
    });
    expect(await textOf(credentials.grafanaSecretKey)).toEqual({ value: "given for what is stored", secret: true });
    await recorder.drain();
    expect(recorder.ofKind("RandomPassword").map(({ name }) => name)).toEqual(["credentials-grafana-admin-password"]);
  });

  it("generate what the settings do not give, each its own", async () => {
    const recorder = await recordResources();
    const credentials = new Credentials("credentials", settingsFor({ logging: "elk" }));
    const outputs = [credentials.elasticPassword, credentials.grafanaDatabasePassword, credentials.grafanaSecretKey];
    const [elastic, database, key] = await Promise.all(outputs.map((output) => textOf(output)));
    await recorder.drain();
    expect(elastic).toEqual({ value: expect.stringMatching(/^[0-9a-f]{48}$/) as string, secret: true });
    expect(new Set([elastic?.value, database?.value, key?.value]).size).toBe(3);
  });

  it("hash a password to the same text on every run, which tells nothing of it", async () => {
    const hashes = [];
    for (let run = 0; run < 2; run += 1) {
      const recorder = await recordResources();
      const credentials = new Credentials("credentials", settingsFor({ frontDoor: { domain: "localhost" } }));
      const password = credentials.frontDoorPassword;
      const hash = await textOf(credentials.passwordHash("front-door", password));
      expect(hash.secret).toBe(true);
      expect(await bcrypt.compare((await textOf(password)).value, hash.value)).toBe(true);
      expect(await textOf(credentials.passwordHash("other", password))).not.toEqual(hash);
      hashes.push(hash.value);
      await recorder.drain();
    }
    expect(hashes[0]).toMatch(/^\$2b\$10\$/);
    expect(hashes[1]).toBe(hashes[0]);
  });

  it("give every program a certificate of one authority", async () => {
    const recorder = await recordResources();
    const credentials = new Credentials("credentials", settingsFor());
    const one = credentials.tlsIdentity("one", ["one"]);
    const two = credentials.tlsIdentity("two", ["two"]);
    const texts = await Promise.all(
      [one.authority, two.authority, one.certificate, two.certificate, one.key].map(textOf),
    );
    await recorder.drain();
    const [authority, same, certificate, other, key] = texts.map(({ value }) => value);
    expect(texts.map(({ secret }) => secret)).toEqual([true, true, true, true, true]);
    expect(same).toBe(authority);
    expect(other).not.toBe(certificate);
    expect(certificate).toMatch(/^-----BEGIN CERTIFICATE-----/);
    expect(key).toMatch(/^-----BEGIN PRIVATE KEY-----/);
  });
});
