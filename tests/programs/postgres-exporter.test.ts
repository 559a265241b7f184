import { describe, expect, it } from "vitest";

import { authorityCertificate } from "../../components/certificates";
import { images } from "../../components/images";
import type { Written } from "../support/settings";
import { factsOf, pathsOf, programsFor, secretFilesOf } from "./support";

const exporterFor = (written: Written = {}) => programsFor(written).exporters.postgresExporter;

describe("postgres-exporter", () => {
  it("is placed as its image and its callers need it", () => {
    expect(exporterFor().image).toBe(images.postgresExporter);
    expect(factsOf(exporterFor())).toEqual({
      name: "postgres-exporter",
      user: "65534:65534",
      ports: ["http 9187 from peers"],
      metrics: "9187/metrics",
      data: [],
      scratch: [],
      health: { path: "/", port: 9187, check: "wget", startupSeconds: 30 },
      placement: "single",
      talksTo: ["services"],
    });
    expect(exporterFor()).not.toHaveProperty("privileges");
  });

  it("without a password has no file and names none", () => {
    expect(exporterFor()).not.toHaveProperty("files");
    expect(exporterFor().env).toEqual({
      GOMEMLIMIT: "51MiB",
      DATA_SOURCE_URI: "postgres:5432/postgres?sslmode=disable",
      DATA_SOURCE_USER: "postgres_exporter",
    });
  });

  it("checks the server by the authority of the settings, or by those that the image knows", () => {
    const uriOf = (written: Written) => exporterFor(written).env?.DATA_SOURCE_URI;
    expect(uriOf({ postgresSslMode: "require" })).toBe("postgres:5432/postgres?sslmode=require");
    expect(uriOf({ postgresSslMode: "verify-full" })).toBe("postgres:5432/postgres?sslmode=verify-full");
    const written = { postgresSslMode: "verify-ca", postgresCaCertificate: authorityCertificate("a root") };
    expect(uriOf(written)).toBe("postgres:5432/postgres?sslmode=verify-ca&sslrootcert=/etc/postgres-exporter/ca.crt");
    expect(exporterFor(written).files).toEqual({
      directory: "/etc/postgres-exporter",
      entries: [{ path: "ca.crt", content: written.postgresCaCertificate }],
    });
    expect(pathsOf(exporterFor({ ...written, "postgresPassword!": "p" }))).toEqual(["password", "ca.crt"]);
  });

  it("with a password reads it from a secret file", async () => {
    const exporter = exporterFor({
      postgresAddress: "db.internal:5433",
      postgresDatabase: "my db/1",
      postgresUser: "watcher",
      "postgresPassword!": "p@ss/word",
    });
    expect(exporter.env).toEqual({
      GOMEMLIMIT: "51MiB",
      DATA_SOURCE_URI: "db.internal:5433/my%20db%2F1?sslmode=disable",
      DATA_SOURCE_USER: "watcher",
      DATA_SOURCE_PASS_FILE: "/etc/postgres-exporter/password",
    });
    expect(exporter.files?.directory).toBe("/etc/postgres-exporter");
    expect(await secretFilesOf(exporter)).toEqual({ password: "p@ss/word" });
  });
});
