import { describe, expect, it } from "vitest";

import { authorityCertificate } from "../../components/certificates";
import { images } from "../../components/images";
import type { Written } from "../support/settings";
import { factsOf, lokiProgramsFor, pathsOf, secretFilesOf, textOfFile, yamlOf } from "./support";

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

describe("loki on object storage", () => {
  const lokiObjectStorage = { endpoint: "https://s3.example.org", bucket: "lines", region: "eu-1", from: "2026-01-31" };
  const withKey = {
    lokiObjectStorage: { ...lokiObjectStorage, accessKeyId: "id" },
    "lokiObjectStorageSecretKey!": "k",
  };
  type Bucket = Config & { storage_config: { aws: object }; common: { storage: object } };
  const bucketFor = (written: Written) => yamlOf<Bucket>(lokiFor(written), "loki.yaml");

  it("writes to the bucket from the day on, and finds what was written before on its volume", () => {
    const { schema_config: schema, storage_config: storage, common, compactor } = bucketFor({ lokiObjectStorage });
    const shape = { store: "tsdb", schema: "v13", index: { prefix: "index_", period: "24h" } };
    expect(schema.configs).toEqual([
      { ...shape, from: "2024-01-01", object_store: "filesystem" },
      { ...shape, from: "2026-01-31", object_store: "s3" },
    ]);
    expect(storage.aws).toEqual({
      endpoint: "https://s3.example.org",
      bucketnames: "lines",
      region: "eu-1",
      s3forcepathstyle: false,
    });
    expect(common.storage).toHaveProperty("filesystem");
    expect(compactor).toMatchObject({ retention_enabled: true, delete_request_store: "s3" });
    expect(factsOf(lokiFor({ lokiObjectStorage })).data).toEqual(["/loki 10Gi"]);
  });

  it("reads its key from a secret file that only the variable's path names", async () => {
    const program = lokiFor(withKey);
    expect(program.env).toMatchObject({ AWS_SHARED_CREDENTIALS_FILE: "/etc/loki/secrets/object-storage" });
    expect(await secretFilesOf(program)).toEqual({
      "secrets/object-storage": "[default]\naws_access_key_id = id\naws_secret_access_key = k\n",
    });
    expect(textOfFile(program, "loki.yaml")).not.toContain("access_key");
    expect(lokiFor({ lokiObjectStorage }).env).not.toHaveProperty("AWS_SHARED_CREDENTIALS_FILE");
  });

  it("knows a store of one's own by its authority", () => {
    const authority = authorityCertificate("a root");
    const program = lokiFor({ lokiObjectStorage: { ...lokiObjectStorage, authority } });
    expect(yamlOf<Bucket>(program, "loki.yaml").storage_config.aws).toMatchObject({
      http_config: { ca_file: "/etc/loki/object-storage-ca.crt" },
    });
    expect(textOfFile(program, "object-storage-ca.crt")).toBe(authority);
  });

  it.each<[string, Written, string, boolean, string[]]>([
    ["elsewhere", {}, "https://s3.example.org", false, ["internet", "services"]],
    ["beside the services", { endpoint: "http://minio:9000" }, "http://minio:9000", true, ["services"]],
  ])("reaches a store %s", (_, members, endpoint, insecure, talksTo) => {
    const written = { lokiObjectStorage: { ...lokiObjectStorage, ...members } };
    expect(bucketFor(written).storage_config.aws).toMatchObject({ endpoint, ...(insecure ? { insecure } : {}) });
    expect(factsOf(lokiFor(written)).talksTo).toEqual(talksTo);
  });

  it("looks for a bare name in the services' namespace of a cluster", () => {
    const written = {
      platform: "kubernetes",
      lokiObjectStorage: { ...lokiObjectStorage, endpoint: "http://minio:9000" },
    };
    expect(bucketFor(written).storage_config.aws).toMatchObject({ endpoint: "http://minio.pyairtable:9000" });
  });
});
