import path from "node:path";

import { load } from "js-yaml";
import { describe, expect, it } from "vitest";

import { parseDuration } from "../../components/units";
import { CASES, caseNames } from "./support/cases";
import { expectAccepted, expectRefused, useRendered, useTool } from "./support/tool";

const NATIVE = path.join(__dirname, "../../configs/loki/loki.yaml");
const CONFIG = "/etc/loki/loki.yaml";

const loki = useTool("loki");
const rendered = useRendered();
const verify = (file: string, ...more: readonly string[]) => loki(["-verify-config", `-config.file=${file}`, ...more]);

/** The part of Loki's complete configuration, defaults included, that decides what is kept. */
interface Effective {
  readonly compactor: { readonly retention_enabled: boolean; readonly delete_request_store: string };
  readonly storage_config: object;
  readonly schema_config: { readonly configs: readonly { readonly object_store: string }[] };
  readonly limits_config: { readonly retention_period: string; readonly reject_old_samples_max_age: string };
}

describe("loki.yaml", () => {
  it.concurrent("is valid as committed", async () => {
    expectAccepted(await verify(NATIVE));
  });

  it.concurrent.each(caseNames)("is valid and deletes what is too old for %s", async (name) => {
    const result = await verify(rendered(name).at(CONFIG), "-print-config-stderr");
    expectAccepted(result);
    const { compactor, limits_config: limits } = load(result.output) as Effective;
    const store = CASES[name].loki?.objectStorage ? "s3" : "filesystem";
    expect(compactor).toMatchObject({ retention_enabled: true, delete_request_store: store });
    const { retentionSeconds } = CASES[name].loki as NonNullable<(typeof CASES)[typeof name]["loki"]>;
    expect(parseDuration(limits.retention_period)).toEqual({ ok: true, value: retentionSeconds });
    const taken = parseDuration(limits.reject_old_samples_max_age);
    expect(taken.ok && taken.value <= retentionSeconds).toBe(true);
  });
});

describe("loki on object storage", () => {
  it.concurrent("has the bucket for the second period and the volume for the first", async () => {
    const result = await verify(rendered("lines in a bucket").at(CONFIG), "-print-config-stderr");
    expectAccepted(result);
    const { storage_config: storage, schema_config: schema } = load(result.output) as Effective;
    expect(storage).toMatchObject({
      aws: { endpoint: "https://s3.example.com", bucketnames: "pyairtable-lines", s3forcepathstyle: true },
      filesystem: { directory: "/loki/chunks" },
    });
    expect(schema.configs.map(({ object_store: store }) => store)).toEqual(["filesystem", "s3"]);
  });
});

describe("loki refuses", () => {
  it.concurrent("a second period that does not begin after the first", async () => {
    const file = await rendered("lines in a bucket").copy(CONFIG, (text) => text.replace("2026-01-31", "2023-12-31"));
    expectRefused(await verify(file), /schema/i);
  });

  it.concurrent("an unknown key", async () => {
    const file = await rendered("the defaults").copy(CONFIG, (text) => text.replace("retention_period", "retention"));
    expectRefused(await verify(file), /field retention not found/);
  });

  it.concurrent("retention without a place for what is to be deleted", async () => {
    const file = await rendered("the defaults").copy(CONFIG, (text) =>
      text.replace(/ +delete_request_store: .*\n/, ""),
    );
    expectRefused(await verify(file), /delete-request-store should be configured/);
  });
});
