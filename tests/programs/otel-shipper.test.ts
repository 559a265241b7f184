import { describe, expect, it } from "vitest";

import { images } from "../../components/images";
import type { Written } from "../support/settings";
import { factsOf, lokiProgramsFor, pathsOf, yamlOf } from "./support";

interface Config {
  receivers: { filelog: { include: string[]; resource: object; exclude_older_than: string; operators: object[] } };
  exporters: { "otlphttp/loki": { endpoint: string; sending_queue: { storage: string; block_on_overflow: boolean } } };
  extensions: { file_storage: { directory: string } };
}

const shipperFor = (written: Written = {}) => lokiProgramsFor({ shipper: "otel-collector", ...written }).shipper;
const configFor = (written: Written = {}) => yamlOf<Config>(shipperFor(written), "collector.yaml");

describe("the collector as shipper", () => {
  it("is placed as its image and its callers need it", () => {
    expect(shipperFor().image).toBe(images.otelCollector);
    expect(factsOf(shipperFor())).toEqual({
      name: "otel-shipper",
      user: "0:0",
      ports: ["metrics 8888 from peers", "health 13133 from peers"],
      metrics: "8888/metrics",
      data: ["/var/lib/otelcol 1Gi"],
      scratch: [],
      health: { path: "/", port: 13_133, check: "outside", startupSeconds: 30 },
      placement: "every-node",
      talksTo: ["loki"],
    });
    expect(shipperFor().args).toEqual(["--config=/etc/otel-shipper/collector.yaml"]);
    expect(pathsOf(shipperFor())).toEqual(["collector.yaml"]);
  });

  it("reads the engine's files and nothing else of the machine", () => {
    expect(shipperFor().privileges).toMatchObject([{ kind: "host-path", path: "/var/lib/docker/containers" }]);
    expect(configFor().receivers.filelog.include).toEqual(["/var/lib/docker/containers/*/*-json.log"]);
  });

  it("ships to Loki, with the environment on every line, and nothing that Loki would refuse for its age", () => {
    const { filelog } = configFor({ environment: "staging" }).receivers;
    expect(filelog.resource).toEqual({ environment: "staging" });
    expect(filelog.exclude_older_than).toBe("168h");
    expect(configFor({ lokiRetention: "36h" }).receivers.filelog.exclude_older_than).toBe("36h");
    expect(configFor().exporters["otlphttp/loki"].endpoint).toBe("http://loki:3100/otlp");
  });

  it("remembers on its volume how far it has read and what is not sent, and reads no further than that holds", () => {
    const { extensions, exporters } = configFor();
    expect(extensions.file_storage.directory).toBe(shipperFor().data?.[0]?.path);
    expect(exporters["otlphttp/loki"].sending_queue).toMatchObject({
      storage: "file_storage",
      block_on_overflow: true,
    });
  });
});
