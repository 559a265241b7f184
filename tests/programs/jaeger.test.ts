import { describe, expect, it } from "vitest";

import { images } from "../../components/images";
import type { Workload } from "../../components/platform/workload";
import type { Written } from "../support/settings";
import { factsOf, pathsOf, programsFor, secretFilesOf, textOfFile, yamlOf } from "./support";

interface Config {
  service: { telemetry: { metrics: { readers: unknown[] } } };
  receivers: { otlp: { protocols: Record<string, { endpoint: string }> } };
  extensions: {
    healthcheckv2: { http: { endpoint: string } };
    jaeger_query: { storage: Record<string, string>; http: { endpoint: string } };
    jaeger_storage: { backends: Record<string, unknown>; metric_backends: Record<string, unknown> };
  };
}

const jaegerFor = (written: Written = {}) => programsFor(written).tracing.jaeger;
const configFor = (written: Written = {}) => yamlOf<Config>(jaegerFor(written), "jaeger.yaml");

describe("jaeger", () => {
  it("is placed as its image and its callers need it", () => {
    expect(jaegerFor().image).toBe(images.jaeger);
    expect(factsOf(jaegerFor())).toEqual({
      name: "jaeger",
      user: "10001:10001",
      ports: [
        "http 16686 from operator, published at 16686",
        "otlp-grpc 4317 from peers",
        "metrics 8888 from peers",
        "health 13133 from peers",
      ],
      metrics: "8888/metrics",
      data: ["/badger 5Gi"],
      scratch: ["/tmp 16Mi"],
      health: { path: "/status", port: 13_133, check: "wget", startupSeconds: 60 },
      placement: "single",
      talksTo: ["prometheus"],
    });
    expect(jaegerFor().args).toEqual(["--config=/etc/jaeger/jaeger.yaml"]);
    expect(jaegerFor().files?.directory).toBe("/etc/jaeger");
    expect(pathsOf(jaegerFor())).toEqual(["jaeger.yaml"]);
  });

  it("listens at the ports that the contract names", () => {
    const { extensions, receivers, service } = configFor();
    expect(extensions.jaeger_query.http.endpoint).toBe("0.0.0.0:16686");
    expect(extensions.healthcheckv2.http.endpoint).toBe("0.0.0.0:13133");
    expect(receivers.otlp.protocols.grpc?.endpoint).toBe("0.0.0.0:4317");
    expect(service.telemetry.metrics.readers).toMatchObject([
      { pull: { exporter: { prometheus: { host: "0.0.0.0", port: 8888 } } } },
    ]);
  });

  it("keeps traces in badger, on its volume, for the time of the settings", () => {
    const directories = { keys: "/badger/keys", values: "/badger/values" };
    expect(configFor().extensions.jaeger_storage.backends).toEqual({
      main: { badger: { ephemeral: false, directories, ttl: { spans: "48h" } } },
    });
    expect(configFor({ jaegerRetention: "7d" }).extensions.jaeger_storage.backends).toEqual({
      main: { badger: { ephemeral: false, directories, ttl: { spans: "168h" } } },
    });
  });

  it("keeps a number of traces in memory instead, without a volume", () => {
    const written = { jaegerStorage: "memory", jaegerMaxTraces: 1234 };
    expect(configFor(written).extensions.jaeger_storage.backends).toEqual({ main: { memory: { max_traces: 1234 } } });
    expect(jaegerFor(written)).not.toHaveProperty("data");
  });

  it.each([[{}], [{ jaegerStorage: "memory" }]])("with %o still shows span metrics from Prometheus", (written) => {
    const { jaeger_query: query, jaeger_storage: storage } = configFor(written).extensions;
    expect(query.storage).toEqual({ traces: "main", metrics: "prometheus" });
    expect(storage.metric_backends).toEqual({
      prometheus: {
        prometheus: { endpoint: "http://prometheus:9090", normalize_calls: true, normalize_duration: true },
      },
    });
  });
});

describe("traces in Elasticsearch", () => {
  const written = { platform: "kubernetes", logging: "elk", jaegerStorage: "elasticsearch", jaegerRetention: "7d" };
  const { jaeger, jaegerIndexCleaner } = programsFor(written).tracing;

  it("are written by a user of Jaeger's own, over TLS, once that user exists", async () => {
    const config = yamlOf<{ extensions: { jaeger_storage: { backends: { main: object } } } }>(jaeger, "jaeger.yaml");
    expect(config.extensions.jaeger_storage.backends.main).toEqual({
      elasticsearch: expect.objectContaining({
        server_urls: ["https://elasticsearch:9200"],
        auth: { basic: { username: "jaeger", password_file: "/etc/jaeger/secrets/elasticsearch-password" } },
        // Seven days, and the day whose index goes last: what is kept can be opened.
        max_span_age: "192h",
        indices: expect.objectContaining({ spans: { shards: 1, replicas: 0 } }) as unknown,
      }) as unknown,
    });
    expect(Object.keys(await secretFilesOf(jaeger))).toEqual([
      "secrets/elasticsearch-password",
      "secrets/elasticsearch-ca.crt",
    ]);
    expect(jaeger.after).toEqual(["elasticsearch-setup"]);
    expect(jaeger).not.toHaveProperty("data");
  });

  it("have a copy on another node where there is one, and wait for none where there is not", () => {
    type Config = { extensions: { jaeger_storage: { backends: { main: { elasticsearch: { indices: object } } } } } };
    const indicesWith = (elasticsearch: number) => {
      const { tracing } = programsFor({ ...written, replicas: { elasticsearch } });
      return yamlOf<Config>(tracing.jaeger, "jaeger.yaml").extensions.jaeger_storage.backends.main.elasticsearch
        .indices;
    };
    for (const [nodes, replicas] of [
      [1, 0],
      [3, 1],
      [5, 1],
    ] as const) {
      const each = { shards: 1, replicas };
      expect(indicesWith(nodes)).toEqual({ spans: each, services: each, dependencies: each, sampling: each });
    }
  });

  it("are written and shown by as many copies of Jaeger as are asked for, and each is scraped", () => {
    expect(jaeger.placement).toEqual({ kind: "single" });
    const { tracing, metrics } = programsFor({ ...written, replicas: { jaeger: 2 } });
    expect(tracing.jaeger.placement).toEqual({ kind: "replicated", replicas: 2, spread: "preferred" });
    expect(textOfFile(metrics.prometheus, "rules/expected.yaml")).toMatch(
      /expr: vector\(2\)\n *labels:\n *job: jaeger\n/,
    );
  });

  it("are deleted by the day, by a job each night", () => {
    expect(jaegerIndexCleaner?.placement).toEqual({ kind: "scheduled", schedule: "55 23 * * *" });
    expect(jaegerIndexCleaner?.args?.slice(0, 4)).toEqual([
      "bash",
      "/etc/jaeger/clean-indices.sh",
      "7",
      "https://elasticsearch:9200",
    ]);
    expect(pathsOf(jaegerIndexCleaner as Workload)).toContain("secrets/curl.conf");
  });
});
