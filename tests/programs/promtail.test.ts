import { describe, expect, it } from "vitest";

import { images } from "../../components/images";
import type { Written } from "../support/settings";
import { factsOf, pathsOf, lokiProgramsFor, yamlOf } from "./support";

interface Config {
  server: { http_listen_port: number };
  positions: { filename: string };
  clients: unknown[];
  scrape_configs: { docker_sd_configs: { host: string }[]; relabel_configs: Record<string, unknown>[] }[];
}

const promtailFor = (written: Written = {}) => lokiProgramsFor(written).shipper;
const configFor = (written: Written = {}) => yamlOf<Config>(promtailFor(written), "promtail.yaml");

describe("promtail", () => {
  it("is placed as its image and its callers need it", () => {
    expect(promtailFor().image).toBe(images.promtail);
    expect(factsOf(promtailFor())).toEqual({
      name: "promtail",
      user: "0:0",
      ports: ["http 9080 from peers"],
      metrics: "9080/metrics",
      data: ["/var/lib/promtail 1Gi"],
      scratch: [],
      health: { path: "/ready", port: 9080, check: "outside", startupSeconds: 30 },
      placement: "every-node",
      talksTo: ["loki"],
    });
    expect(promtailFor().args).toEqual(["-config.file=/etc/promtail/promtail.yaml"]);
    expect(promtailFor().files?.directory).toBe("/etc/promtail");
    expect(pathsOf(promtailFor())).toEqual(["promtail.yaml"]);
  });

  it("ships to Loki, with the environment on every line", () => {
    expect(configFor({ environment: "staging" }).clients).toEqual([
      { url: "http://loki:3100/loki/api/v1/push", external_labels: { environment: "staging" } },
    ]);
  });

  it("remembers on its volume how far it has read", () => {
    expect(configFor().positions.filename).toBe(`${promtailFor().data?.[0]?.path}/positions.yaml`);
    expect(configFor().server.http_listen_port).toBe(9080);
  });

  it("finds containers at the socket that it may use, and takes their service from the stack's label", () => {
    const [job] = configFor().scrape_configs;
    const socket = promtailFor().privileges?.[0];
    expect(socket).toMatchObject({ kind: "host-path", path: "/var/run/docker.sock" });
    expect(job?.docker_sd_configs).toEqual([{ host: "unix:///var/run/docker.sock", refresh_interval: "5s" }]);
    expect(job?.relabel_configs.at(-1)).toEqual({
      source_labels: ["__meta_docker_container_label_com_pyairtable_service"],
      regex: "(.+)",
      target_label: "service",
    });
  });
});
