import { describe, expect, it } from "vitest";

import { images } from "../../components/images";
import type { Written } from "../support/settings";
import { factsOf, programsFor, secretFilesOf } from "./support";

const exporterFor = (written: Written = {}) => programsFor(written).exporters.redisExporter;

describe("redis-exporter", () => {
  it("is placed as its image and its callers need it", () => {
    expect(exporterFor().image).toBe(images.redisExporter);
    expect(factsOf(exporterFor())).toEqual({
      name: "redis-exporter",
      user: "59000:59000",
      ports: ["http 9121 from peers"],
      metrics: "9121/metrics",
      data: [],
      scratch: [],
      health: { path: "/health", port: 9121, check: "outside", startupSeconds: 30 },
      placement: "single",
      talksTo: ["services"],
    });
    expect(exporterFor()).not.toHaveProperty("privileges");
  });

  it("without a password has no file and names none", () => {
    expect(exporterFor()).not.toHaveProperty("files");
    expect(exporterFor().env).toEqual({ GOMEMLIMIT: "51MiB", REDIS_ADDR: "redis://redis:6379" });
  });

  it("with a password maps the address that it asks to that password, in a secret file", async () => {
    const exporter = exporterFor({ redisAddress: "cache.internal:6380", "redisPassword!": 'a "quoted" \\ word' });
    expect(exporter.env).toEqual({
      GOMEMLIMIT: "51MiB",
      REDIS_ADDR: "redis://cache.internal:6380",
      REDIS_PASSWORD_FILE: "/etc/redis-exporter/passwords.json",
    });
    expect(exporter.files?.directory).toBe("/etc/redis-exporter");
    const files = await secretFilesOf(exporter);
    expect(Object.keys(files)).toEqual(["passwords.json"]);
    expect(JSON.parse(files["passwords.json"] as string)).toEqual({
      "redis://cache.internal:6380": 'a "quoted" \\ word',
    });
  });
});
