import { describe, expect, it } from "vitest";

import { capacityWarnings } from "../../components/settings/capacity";
import { stackFile } from "../support/stack-file";
import { settingsFor, type Written } from "../support/settings";

const warningsFor = (written: Written) => capacityWarnings(settingsFor(written));
const services = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ name: `service-${index}`, address: `service-${index}:8000` }));

describe("the capacity of the volumes", () => {
  it.each([
    ["the defaults", {}],
    ["Elasticsearch", { logging: "elk" }],
    ["both stores", { logging: "both" }],
    ["dev", stackFile("dev")],
    ["prod", stackFile("prod")],
  ])("is enough for %s", (_, written) => expect(warningsFor(written)).toEqual([]));

  it.each([
    ["prometheusRetention", "prometheus", { prometheusRetention: "2y" }, /the oldest samples will go sooner/],
    ["lokiRetention", "loki", { lokiRetention: "1y" }, /Loki will refuse lines/],
    ["elasticsearchRetention", "elasticsearch", { logging: "elk", elasticsearchRetention: "90d" }, /read-only/],
  ])("warns of a %s that the volume can not hold, with what to change", (key, program, written, consequence) => {
    const [warning, ...others] = warningsFor(written);
    expect(others).toEqual([]);
    expect(warning).toMatch(consequence);
    const [, size, days] = new RegExp(`Set storage\\.${program} to (\\d+Gi), or ${key} to (\\d+d)\\.$`).exec(
      warning as string,
    ) as unknown as [string, string, string];
    expect(warningsFor({ ...written, storage: { [program]: size } })).toEqual([]);
    expect(warningsFor({ ...written, [key]: days })).toEqual([]);
  });

  const traced = { platform: "kubernetes", logging: "elk", jaegerStorage: "elasticsearch" };

  it("counts traces that Jaeger keeps in Elasticsearch against its volume, beside the lines", () => {
    expect(warningsFor(traced)).toEqual([]);
    expect(warningsFor({ ...traced, jaegerRetention: "10d" })).toEqual([
      "elasticsearchRetention: 720h of 8 services, beside 240h of their traces, take about 25Gi, and the volume has 20Gi: " +
        "Elasticsearch will turn read-only once it is full. Set storage.elasticsearch to 25Gi, or elasticsearchRetention to 21d.",
    ]);
    // The same traces in a volume of Jaeger's own.
    expect(warningsFor({ ...traced, jaegerStorage: "badger", jaegerRetention: "10d" })).toEqual([]);
  });

  it.each([
    ["lines", "elasticsearchRetention", { elasticsearchRetention: "60d" }],
    ["traces", "jaegerRetention", { jaegerRetention: "30d", elasticsearchRetention: "10d" }],
  ])("asks for fewer days of %s where they take the most", (_, key, retentions) => {
    const written = { ...traced, ...retentions };
    const [warning, ...others] = warningsFor(written);
    expect(others).toEqual([]);
    expect(warning).toMatch(new RegExp(`^${key}: `));
    const [, size, days] = /to (\d+Gi), or \w+ to (\d+d)\.$/.exec(warning as string) as unknown as [
      string,
      string,
      string,
    ];
    expect(warningsFor({ ...written, storage: { elasticsearch: size } })).toEqual([]);
    expect(warningsFor({ ...written, [key]: days })).toEqual([]);
  });

  it("asks for a larger volume alone, where a day of the one beside the other is too much", () => {
    const written = { ...traced, elasticsearchRetention: "45d", jaegerRetention: "30d" };
    expect(warningsFor(written)[0]).toMatch(/Set storage\.elasticsearch to \d+Gi\.$/);
  });

  it("counts of the traces what sampling leaves, and a copy on another node", () => {
    const written = { ...traced, jaegerRetention: "10d" };
    expect(warningsFor({ ...written, traceSampling: { percentage: 10 } })).toEqual([]);
    expect(warningsFor({ ...written, replicas: { elasticsearch: 3 } })).toEqual([]);
    expect(warningsFor({ ...written, jaegerRetention: "21d", replicas: { elasticsearch: 3 } })).toHaveLength(1);
  });

  it("is judged by the number of services", () => {
    expect(warningsFor({ services: services(100) })).toHaveLength(2);
    expect(warningsFor({ services: services(100), storage: { prometheus: "100Gi", loki: "50Gi" } })).toEqual([]);
  });

  it("counts copies in a cluster, which spread over its nodes", () => {
    const elk = { platform: "kubernetes", logging: "elk", elasticsearchRetention: "40d" };
    expect(warningsFor({ ...elk, replicas: { elasticsearch: 3 } })).toEqual([]);
    expect(warningsFor({ ...elk, replicas: { elasticsearch: 1 }, elasticsearchRetention: "50d" })).toHaveLength(1);
  });
});
