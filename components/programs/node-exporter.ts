import { images } from "../images";
import type { Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import { goHeap } from "./limits";

const PORT = 9100;

/**
 * Node exporter. It runs in a network of its own, so the collectors that would show that network as the machine's are
 * off: the machine's own traffic is cAdvisor's `container_network_*{id="/"}`.
 */
export function nodeExporter(settings: Settings): Workload {
  return {
    name: "node-exporter",
    image: images.nodeExporter,
    args: [
      "--path.rootfs=/host",
      "--path.udev.data=/host/run/udev/data",
      "--collector.filesystem.mount-points-exclude=^/(dev|proc|run|sys|var/lib/(docker|containerd|kubelet)/.+)($|/)",
      ...["arp", "ipvs", "netclass", "netdev", "netstat", "sockstat", "udp_queues"].map(
        (name) => `--no-collector.${name}`,
      ),
    ],
    env: goHeap(settings.resources["node-exporter"]),
    ports: [{ name: "http", number: PORT, reach: { from: "operator", published: settings.ports["node-exporter"] } }],
    metrics: { port: PORT, path: "/metrics" },
    resources: settings.resources["node-exporter"],
    health: { path: "/", port: PORT, check: "wget", startupSeconds: 30 },
    placement: { kind: "every-node" },
    runsAs: { uid: 65_534, gid: 65_534 },
    privileges: [
      { kind: "host-path", hostPath: "/", path: "/host", reason: "measures the machine's file systems" },
      { kind: "host-processes", reason: "reads the machine's /proc" },
    ],
    talksTo: [],
  };
}
