import { describe, expect, it } from "vitest";

import { images } from "../../components/images";
import { factsOf, programsFor } from "./support";

describe("node-exporter", () => {
  const { nodeExporter } = programsFor({ ports: { "node-exporter": 9999 } }).exporters;

  it("is placed as its image and its callers need it, on every node", () => {
    expect(nodeExporter.image).toBe(images.nodeExporter);
    expect(factsOf(nodeExporter)).toEqual({
      name: "node-exporter",
      user: "65534:65534",
      ports: ["http 9100 from operator, published at 9999"],
      metrics: "9100/metrics",
      data: [],
      scratch: [],
      health: { path: "/", port: 9100, check: "wget", startupSeconds: 30 },
      placement: "every-node",
      talksTo: [],
    });
    expect(nodeExporter).not.toHaveProperty("files");
  });

  it("sees the machine's files and processes, and nothing more of it", () => {
    expect(nodeExporter.privileges).toEqual([
      { kind: "host-path", hostPath: "/", path: "/host", reason: expect.any(String) },
      { kind: "host-processes", reason: expect.any(String) },
    ]);
    expect(nodeExporter.args).toContain("--path.rootfs=/host");
  });

  it.each(["arp", "ipvs", "netclass", "netdev", "netstat", "sockstat", "udp_queues"])(
    "does not report %s, which would be its own network's",
    (collector) => {
      expect(nodeExporter.args).toContain(`--no-collector.${collector}`);
    },
  );

  it("leaves out mounts that are not the machine's disks", () => {
    const flag = "--collector.filesystem.mount-points-exclude=";
    const pattern = nodeExporter.args?.find((arg) => arg.startsWith(flag))?.slice(flag.length);
    const excluded = ["/proc", "/sys/fs/cgroup", "/run", "/var/lib/docker/overlay2/abc/merged"];
    const kept = ["/", "/home", "/var", "/var/lib/docker", "/runtime", "/data"];
    expect([...excluded, ...kept].filter((mount) => new RegExp(pattern as string).test(mount))).toEqual(excluded);
  });
});
