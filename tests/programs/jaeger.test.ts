import { describe, expect, it } from "vitest";

import { images } from "../../components/images";
import type { Written } from "../support/settings";
import { factsOf, pathsOf, programsFor, yamlOf } from "./support";

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
