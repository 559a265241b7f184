import { describe, expect, it } from "vitest";

import { images } from "../../components/images";
import type { Workload } from "../../components/platform/workload";
import { factsOf, programsFor } from "./support";

describe("cadvisor", () => {
  const cadvisor = programsFor({ ports: { cadvisor: 9999 } }).exporters.cadvisor as Workload;

  it("is left to the kubelet on a cluster", () => {
    expect(programsFor({ platform: "kubernetes" }).exporters).not.toHaveProperty("cadvisor");
  });

  it("is placed as its image and its callers need it, on every node", () => {
    expect(cadvisor.image).toBe(images.cadvisor);
    expect(factsOf(cadvisor)).toEqual({
      name: "cadvisor",
      user: "0:0",
      ports: ["http 8080 from operator, published at 9999"],
      metrics: "8080/metrics",
      data: [],
      scratch: [],
      health: { path: "/healthz", port: 8080, check: "wget", startupSeconds: 60 },
      placement: "every-node",
      talksTo: [],
    });
    expect(cadvisor).not.toHaveProperty("files");
  });

  it("sees containers through these parts of the machine, and no others", () => {
    const seen = cadvisor.privileges?.map((privilege) => {
      if (privilege.kind === "host-path") return `${privilege.hostPath} at ${privilege.path}`;
      if (privilege.kind === "device") return privilege.path;
      return privilege.kind === "capability" ? privilege.name : privilege.kind;
    });
    expect(seen).toEqual([
      "/ at /rootfs",
      "/var/run at /var/run",
      "/sys at /sys",
      "/var/lib/docker at /var/lib/docker",
      "/dev/kmsg",
      "SYSLOG",
    ]);
  });

  it("reports containers with the two labels that dashboards use, and leaves out what is costly", () => {
    expect(cadvisor.args).toEqual([
      "--docker_only=true",
      "--store_container_labels=false",
      "--whitelisted_container_labels=com.docker.compose.service,com.pyairtable.service",
      "--housekeeping_interval=10s",
      "--disable_metrics=advtcp,cpu_topology,cpuset,disk,hugetlb,memory_numa,percpu,perf_event,process,resctrl,sched,tcp,udp",
    ]);
  });
});
