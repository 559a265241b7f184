import { load } from "js-yaml";
import { describe, expect, it } from "vitest";

import { useRenderedElk, type ElkCase } from "./support/elk";

const CASES: readonly ElkCase[] = ["with Logstash", "on Kubernetes"];
const rendered = useRenderedElk(CASES);

/**
 * Settings of Logstash 8 that the stack may use, since no Logstash runs in the tests. From the settings that its container takes
 * (`env2yaml` in elastic/logstash, docker/data/logstash) and from its page on logstash.yml.
 */
const DOCUMENTED = [
  "api.http.host",
  "api.http.port",
  "dead_letter_queue.enable",
  "dead_letter_queue.max_bytes",
  "dead_letter_queue.storage_policy",
  "log.level",
  "node.name",
  "path.config",
  "path.data",
  "pipeline.ecs_compatibility",
  "pipeline.ordered",
  "queue.max_bytes",
  "queue.type",
  "xpack.monitoring.enabled",
];

/** Options of the plugins in the pipeline, from the pages of their versions in Logstash 8.19. */
const PLUGINS: Readonly<Record<string, readonly string[]>> = {
  beats: [
    "port",
    "ssl_enabled",
    "ssl_certificate",
    "ssl_key",
    "ssl_certificate_authorities",
    "ssl_client_authentication",
    "ssl_supported_protocols",
    "enrich",
  ],
  mutate: ["remove_field"],
  elasticsearch: [
    "hosts",
    "user",
    "password",
    "ssl_enabled",
    "ssl_certificate_authorities",
    "ssl_verification_mode",
    "data_stream",
    "index",
    "action",
    "manage_template",
    "ilm_enabled",
  ],
};

interface Plugin {
  readonly section: string;
  readonly name: string;
  readonly options: readonly string[];
}

/**
 * What a pipeline is made of, one plugin deep.
 *
 * @throws when it does not have the form of a pipeline.
 */
function parse(text: string): Plugin[] {
  const bare = text.replace(/^\s*#.*$/gm, "").trim();
  const whole = /^(?:(?:input|filter|output)\s*\{(?:[^{}]|\{[^{}]*\})*\}\s*)+$/;
  if (!whole.test(bare)) throw new Error(`not a pipeline: ${bare}`);
  return [...bare.matchAll(/^(input|filter|output)\s*\{([^]*?)^\}/gm)].flatMap(([, section = "", body = ""]) =>
    [...body.matchAll(/(\w+)\s*\{([^{}]*)\}/g)].map(([, name = "", options = ""]) => ({
      section,
      name,
      options: [...options.matchAll(/^\s*(\w+)\s*=>\s*(?:"[^"]*"|\d+|true|false|\[".*"\])\s*$/gm)].map(
        ([, key = ""]) => key,
      ),
    })),
  );
}

describe.each(CASES)("logstash %s", (name) => {
  it("names only settings that Logstash documents", async () => {
    const keys = Object.keys(load(await rendered(name).read("/etc/logstash/logstash.yml")) as object);
    expect(keys.filter((key) => !DOCUMENTED.includes(key))).toEqual([]);
  });

  it("has a pipeline from Filebeat to Elasticsearch, of documented options", async () => {
    const files = ["10-input", "50-filter", "90-output"].map((file) => `/etc/logstash/pipeline/${file}.conf`);
    const texts = await Promise.all(files.map((file) => rendered(name).read(file)));
    const plugins = parse(texts.join("\n"));
    expect(plugins.map(({ section, name: plugin }) => `${section} ${plugin}`)).toEqual([
      "input beats",
      "filter mutate",
      "output elasticsearch",
    ]);
    for (const { name: plugin, options } of plugins)
      expect([...options].sort()).toEqual([...(PLUGINS[plugin] ?? [])].sort());
  });
});

describe("the reading of a pipeline", () => {
  it("refuses one with an open brace", () => {
    expect(() => parse("input { beats { port => 5044 }")).toThrow("not a pipeline");
  });
});
