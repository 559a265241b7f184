import { describe, expect, it } from "vitest";

import { destinations } from "../../components/platform/kubernetes-destinations";
import { targetOf } from "../../components/platform/kubernetes-names";
import { settingsFor, type Written } from "../support/settings";

const NOTHING_ELSE = {
  services: [{ name: "one", address: "one:80", owner: "team" }],
  postgresAddress: "postgres:5432",
};

function placesOf(written: Written) {
  const { settings, cluster } = targetOf(settingsFor({ platform: "kubernetes", ...NOTHING_ELSE, ...written }));
  return destinations(settings, cluster);
}

describe("destinations of programs that talk to services", () => {
  it.each<[string, string, readonly string[], readonly number[]]>([
    ["a bare name", "redis:6379", [], []],
    ["a name with its namespace, which may be a domain", "redis.stores:6379", ["stores"], [6379]],
    ["a name that says it is a service", "redis.stores.svc:6379", ["stores"], []],
    ["a full name", "redis.stores.svc.cluster.local:6379", ["stores"], []],
    ["a pod's name", "redis-0.redis.stores.svc:6379", ["stores"], []],
    ["a name elsewhere", "cache.eu-1.example.com:6380", [], [6380]],
    ["a numeric address", "192.0.2.7:6379", [], [6379]],
  ])("include %s", (_, redisAddress, namespaces, outsidePorts) => {
    expect(placesOf({ redisAddress })).toEqual({ namespaces: ["pyairtable", ...namespaces], outsidePorts });
  });

  it("include every address of the settings, each place once", () => {
    const places = placesOf({
      servicesNamespace: "apps",
      services: [
        { name: "one", address: "one.north.svc:80", owner: "team" },
        { name: "two", address: "two.north.svc:81", owner: "team" },
      ],
      redisAddress: "192.0.2.7:6379",
      postgresAddress: "192.0.2.8:5432",
      grafanaDatabase: { address: "db.example.com:5432" },
      federateFrom: ["prometheus.edge.svc:9090"],
      kafka: { brokers: ["kafka-0.kafka.queues.svc:9092", "kafka.example.com:9093"] },
      lokiObjectStorage: { endpoint: "https://s3.example.com", bucket: "lines", from: "2026-01-31" },
    });
    expect(places).toEqual({ namespaces: ["apps", "edge", "north", "queues"], outsidePorts: [443, 5432, 6379, 9093] });
  });

  it("know another domain of the cluster", () => {
    const written = { clusterDomain: "k8s.example.com", redisAddress: "redis.stores.svc.k8s.example.com:6379" };
    expect(placesOf(written)).toEqual({ namespaces: ["pyairtable", "stores"], outsidePorts: [] });
  });
});
