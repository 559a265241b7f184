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
