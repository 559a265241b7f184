import { images } from "../images";
import type { Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import { goHeap } from "./limits";

const PORT = 8080;

/** What no dashboard or alert uses, and what costs most to gather. */
const DISABLED = [
  "advtcp",
  "cpu_topology",
  "cpuset",
  "disk",
  "hugetlb",
  "memory_numa",
  "percpu",
  "perf_event",
  "process",
  "resctrl",
  "sched",
  "tcp",
  "udp",
];

/** cAdvisor: CPU, memory, network and disk traffic of every container, and of the machine as `id="/"`. */
export function cadvisor(settings: Settings): Workload {
  return {
    name: "cadvisor",
    image: images.cadvisor,
    args: [
      "--docker_only=true",
      "--store_container_labels=false",
      "--whitelisted_container_labels=com.docker.compose.service,com.pyairtable.service",
      "--housekeeping_interval=10s",
      `--disable_metrics=${DISABLED.join(",")}`,
    ],
    env: goHeap(settings.resources.cadvisor),
    ports: [{ name: "http", number: PORT, reach: { from: "operator", published: settings.ports.cadvisor } }],
    metrics: { port: PORT, path: "/metrics" },
    resources: settings.resources.cadvisor,
    health: { path: "/healthz", port: PORT, check: "wget", startupSeconds: 60 },
    placement: { kind: "every-node" },
    runsAs: { uid: 0, gid: 0 },
    privileges: [
      { kind: "host-path", hostPath: "/", path: "/rootfs", reason: "reads the machine's /proc and disks" },
      { kind: "host-path", hostPath: "/var/run", path: "/var/run", reason: "asks the engine for its containers" },
      { kind: "host-path", hostPath: "/sys", path: "/sys", reason: "reads control groups" },
      {
        kind: "host-path",
        hostPath: "/var/lib/docker",
        path: "/var/lib/docker",
        reason: "reads the containers' layers",
      },
      { kind: "device", path: "/dev/kmsg", reason: "sees when the kernel ends a process for its memory" },
      { kind: "capability", name: "SYSLOG", reason: "reads /dev/kmsg where the kernel restricts its log" },
    ],
    talksTo: [],
  };
}
