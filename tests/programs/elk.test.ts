import { describe, expect, it } from "vitest";

import type { Workload } from "../../components/platform/workload";
import type { Programs } from "../../components/programs";
import {
  elasticsearchAuthority,
  elasticsearchUrl,
  logsIndex,
  otlpLogsStream,
  userPassword,
} from "../../components/programs/elk";
import { textOf } from "../support/outputs";
import { settingsFor, type Written } from "../support/settings";
import { elkProgramsFor } from "./elk-support";
import { programsFor, secretsFor } from "./support";

const roles = (elk: Programs["elk"]) => Object.keys(elk ?? {});

describe("the ELK programs", () => {
  it("are there only where the log store is wanted", () => {
    expect(programsFor({ logging: "loki" }).elk).toBeUndefined();
    expect(roles(programsFor({ logging: "both" }).elk)).toEqual([
      "elasticsearch",
      "elasticsearchSetup",
      "kibana",
      "kibanaSetup",
      "logstash",
      "filebeat",
    ]);
    expect(roles(programsFor({ logging: "elk", logstash: false }).elk)).not.toContain("logstash");
  });

  it.each<[string, Written]>([
    ["with Logstash", { logging: "elk" }],
    ["without", { logging: "elk", logstash: false }],
  ])("start each after what it needs, %s", (_, written) => {
    const started = new Set<string>();
    for (const { name, after = [] } of Object.values(elkProgramsFor(written)) as Workload[]) {
      expect(
        after.filter((earlier) => !started.has(earlier)),
        name,
      ).toEqual([]);
      started.add(name);
    }
    const { kibana, filebeat, logstash } = elkProgramsFor(written);
    expect(kibana.after).toEqual(["elasticsearch-setup"]);
    expect((logstash ?? filebeat).after).toEqual(["elasticsearch-setup"]);
  });
});

describe("what others need of Elasticsearch", () => {
  const settings = settingsFor({ logging: "elk", environment: "staging" });

  it("names its address, its streams and one pattern for both", () => {
    expect(elasticsearchUrl()).toBe("https://elasticsearch:9200");
    expect(otlpLogsStream(settings)).toBe("logs-pyairtable.otlp-staging");
    expect(logsIndex(settings)).toBe("logs-pyairtable*-staging");
  });

  it("gives each user a password of its own, and the authority", async () => {
    const secrets = secretsFor(settings);
    const passwords = ["otel", "grafana"].map((user) => textOf(userPassword(secrets, user)));
    expect(await Promise.all(passwords)).toEqual([
      { value: "secretmark-elasticsearch-otel", secret: true },
      { value: "secretmark-elasticsearch-grafana", secret: true },
    ]);
    expect((await textOf(elasticsearchAuthority(settings, secrets))).value).toBe("secretmark-authority");
  });
});
