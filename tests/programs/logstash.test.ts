import { describe, expect, it } from "vitest";

import { images } from "../../components/images";
import type { Written } from "../support/settings";
import { elkProgramsFor } from "./elk-support";
import { factsOf, pathsOf, secretFilesOf, textOfFile, yamlOf } from "./support";

const logstashFor = (written: Written = {}) => {
  const { logstash } = elkProgramsFor(written);
  if (logstash === undefined) throw new Error("these settings have no Logstash");
  return logstash;
};
const configFor = (written: Written = {}) => yamlOf<Record<string, unknown>>(logstashFor(written), "logstash.yml");

describe("logstash", () => {
  it("is placed as its image and its callers need it", () => {
    expect(logstashFor().image).toBe(images.logstash);
    expect(factsOf(logstashFor())).toEqual({
      name: "logstash",
      user: "1000:0",
      ports: ["beats 5044 from peers", "api 9600 from peers"],
      metrics: undefined,
      data: ["/usr/share/logstash/data 2Gi"],
      scratch: ["/tmp 64Mi"],
      health: {
        path: "/_node/pipelines",
        port: 9600,
        check: ["curl", "-fs", "-o", "/dev/null", "http://127.0.0.1:9600/_node/pipelines"],
        startupSeconds: 240,
      },
      placement: "single",
      talksTo: ["elasticsearch"],
    });
    expect(logstashFor().args).toEqual(["--path.settings=/etc/logstash"]);
    expect(pathsOf(logstashFor())).toEqual([
      "logstash.yml",
      "log4j2.properties",
      "pipeline/10-input.conf",
      "pipeline/50-filter.conf",
      "pipeline/90-output.conf",
      "secrets/ca.crt",
      "secrets/logstash.crt",
      "secrets/logstash.key",
    ]);
  });

  it("finds its pipeline, and is asked for its health where it listens", () => {
    expect(configFor()).toMatchObject({
      "path.config": "/etc/logstash/pipeline/*.conf",
      "path.data": logstashFor().data?.[0]?.path,
      "api.http.host": "0.0.0.0",
      "api.http.port": logstashFor().health.port,
    });
  });

  it("keeps lines and refused ones on its volume, and leaves room there", () => {
    const sizes = (written: Written) => [
      configFor(written)["queue.max_bytes"],
      configFor(written)["dead_letter_queue.max_bytes"],
    ];
    expect(configFor()).toMatchObject({ "queue.type": "persisted", "dead_letter_queue.enable": true });
    expect(sizes({})).toEqual(["1228mb", "409mb"]);
    expect(sizes({ storage: { logstash: "10Gi" } })).toEqual(["6144mb", "2048mb"]);
  });

  it("has a heap of half its limit, and unpacks libraries where they can be loaded", () => {
    expect(logstashFor().env).toEqual({
      LS_JAVA_OPTS: "-Xms512m -Xmx512m -Djava.io.tmpdir=/usr/share/logstash/data",
    });
  });

  it("takes lines only from who has a certificate of the stack", () => {
    expect(textOfFile(logstashFor(), "pipeline/10-input.conf")).toMatch(/ssl_client_authentication => "required"/);
  });

  it("writes to this environment's stream as its own user, with the password in a secret file", async () => {
    const files = await secretFilesOf(logstashFor({ environment: "staging" }));
    const output = files["pipeline/90-output.conf"];
    expect(output).toContain('user => "logstash"');
    expect(output).toContain('password => "secretmark-elasticsearch-logstash"');
    expect(output).toContain('index => "logs-pyairtable-staging"');
    expect(output).toContain('ssl_verification_mode => "full"');
  });

  it("can have several copies, each with a name in the certificate", async () => {
    const several = logstashFor({ platform: "kubernetes", namespace: "watch", replicas: { logstash: 2 } });
    expect(several.placement).toEqual({ kind: "replicated", replicas: 2, spread: "preferred" });
    expect((await secretFilesOf(several))["secrets/logstash.crt"]).toMatch(
      / for logstash, logstash-0[.]logstash-replicas[.]watch, logstash-1[.]logstash-replicas[.]watch$/,
    );
  });
});
