import { load } from "js-yaml";
import { describe, expect, it } from "vitest";

import { runCommand } from "../../toolchain/command";
import { elkCases, useRenderedElk } from "./support/elk";
import { fakeServer, type Reply } from "./support/fake-server";
import { expectAccepted, expectRefused } from "./support/tool";

const DIRECTORY = "/etc/kibana-setup";
const DONE: Reply = { status: 200, body: '{"successCount":4,"success":true}' };

const rendered = useRenderedElk();

/**
 * Settings of Kibana 8 that the stack may use, since no Kibana runs in the tests. From the list in its container's start script
 * (`kibana-docker` in elastic/kibana, src/dev/build/tasks/os_packages/docker_generator) and, for the last, its Fleet settings.
 */
const DOCUMENTED = [
  "elasticsearch.hosts",
  "elasticsearch.password",
  "elasticsearch.ssl.certificateAuthorities",
  "elasticsearch.ssl.verificationMode",
  "elasticsearch.username",
  "map.includeElasticMapsService",
  "newsfeed.enabled",
  "path.data",
  "server.host",
  "server.name",
  "server.port",
  "server.publicBaseUrl",
  "server.shutdownTimeout",
  "telemetry.allowChangingOptInStatus",
  "telemetry.optIn",
  "xpack.encryptedSavedObjects.encryptionKey",
  "xpack.reporting.encryptionKey",
  "xpack.security.encryptionKey",
  "xpack.security.sameSiteCookies",
  "xpack.security.secureCookies",
  "xpack.security.session.idleTimeout",
  "xpack.security.session.lifespan",
  "xpack.fleet.isAirGapped",
];

describe("kibana.yml", () => {
  it.each(elkCases)("names only settings that Kibana documents, %s", async (name) => {
    for (const file of ["/etc/kibana/kibana.yml", "/etc/kibana/secrets/kibana.yml"]) {
      const keys = Object.keys(load(await rendered(name).read(file)) as object);
      expect(keys.filter((key) => !DOCUMENTED.includes(key))).toEqual([]);
    }
  });
});

describe("setup.sh of Kibana", () => {
  const setUp = (url: string) => {
    const files = rendered("with Logstash");
    const env = { SETUP_ATTEMPTS: "3", SETUP_PAUSE: "0.1" };
    return runCommand("bash", ["-x", files.at(`${DIRECTORY}/setup.sh`), files.at(DIRECTORY), url], { env });
  };

  it("imports every object over those that are there, as its own user", async () => {
    const { url, asked } = await fakeServer(() => DONE);
    const result = await setUp(url);
    expectAccepted(result);
    expect(result.output).not.toContain("secretmark");
    expect(asked).toHaveLength(1);
    const login = Buffer.from("kibana-setup:secretmark-elasticsearch-kibana-setup").toString("base64");
    expect(asked[0]).toMatchObject({
      method: "POST",
      path: "/api/saved_objects/_import?overwrite=true",
      authorization: `Basic ${login}`,
    });
    const objects = await rendered("with Logstash").read(`${DIRECTORY}/saved-objects.ndjson`);
    expect(asked[0]?.body).toContain(objects);
  });

  it("waits for a Kibana that has not reached Elasticsearch", async () => {
    const { url, asked } = await fakeServer((_, index) => (index < 2 ? { status: 503 } : DONE));
    expectAccepted(await setUp(url));
    expect(asked).toHaveLength(3);
  });

  it.each<[string, Reply]>([
    ["an object that is refused", { status: 200, body: '{"success":false,"errors":[{"id":"x"}]}' }],
    ["a login that is refused", { status: 401, body: "no" }],
  ])("stops at %s, and shows the answer", async (_, reply) => {
    const { url, asked } = await fakeServer(() => reply);
    expectRefused(await setUp(url), /setup failed: .*answered to the import/);
    expect(asked).toHaveLength(1);
  });

  it("gives up on a Kibana that is not there", async () => {
    expectRefused(await setUp("http://127.0.0.1:9"), /setup failed/);
  });
});
