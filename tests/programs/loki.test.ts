import { describe, expect, it } from "vitest";

import { images } from "../../components/images";
import type { Written } from "../support/settings";
import { factsOf, pathsOf, lokiProgramsFor, yamlOf } from "./support";

interface Config {
  auth_enabled: boolean;
  server: { http_listen_port: number };
  common: { path_prefix: string };
  schema_config: { configs: { store: string; index: { period: string } }[] };
  compactor: Record<string, unknown>;
  limits_config: Record<string, unknown>;
}

const lokiFor = (written: Written = {}) => lokiProgramsFor(written).loki;
const configFor = (written: Written = {}) => yamlOf<Config>(lokiFor(written), "loki.yaml");

describe("loki", () => {
  it("is placed as its image and its callers need it", () => {
    expect(lokiFor().image).toBe(images.loki);
    expect(factsOf(lokiFor())).toEqual({
      name: "loki",
      user: "10001:10001",
      ports: ["http 3100 from operator, published at 3100"],
      metrics: "3100/metrics",
      data: ["/loki 10Gi"],
      scratch: ["/tmp 64Mi"],
      health: { path: "/ready", port: 3100, check: ["/usr/bin/loki", "-health"], startupSeconds: 90 },
      placement: "single",
      talksTo: [],
    });
    expect(lokiFor().args).toEqual(["-config.file=/etc/loki/loki.yaml"]);
    expect(lokiFor().files?.directory).toBe("/etc/loki");
    expect(pathsOf(lokiFor())).toEqual(["loki.yaml"]);
  });

  it("listens at the port that the contract names and keeps everything on its volume", () => {
    const { server, common, compactor } = configFor();
    expect(server.http_listen_port).toBe(3100);
    expect(common.path_prefix).toBe("/loki");
    expect(compactor.working_directory).toBe("/loki/compactor");
  });

  it.each([
    ["24h", "24h", "24h"],
    ["3d", "72h", "72h"],
    ["14d", "336h", "168h"],
    ["90d", "2160h", "168h"],
  ])("with a retention of %s deletes lines after %s and takes none older than %s", (lokiRetention, period, oldest) => {
    const { compactor, limits_config: limits, schema_config: schema } = configFor({ lokiRetention });
    expect(limits).toMatchObject({
      retention_period: period,
      reject_old_samples: true,
      reject_old_samples_max_age: oldest,
      // What the base file says stays.
      allow_structured_metadata: true,
      volume_enabled: true,
    });
    // Without any one of these nothing is ever deleted.
    expect(compactor).toMatchObject({
      working_directory: "/loki/compactor",
      retention_enabled: true,
      delete_request_store: "filesystem",
    });
    expect(schema.configs).toMatchObject([{ store: "tsdb", index: { period: "24h" } }]);
  });
});
