import type * as pulumi from "@pulumi/pulumi";

import type { Settings } from "../settings/settings";
import type { Platform } from "./platform";
import type { Workload } from "./workload";

/**
 * The platform that the settings choose. Only its adapter, with its provider's package, is loaded.
 *
 * @throws pulumi.RunError when the workloads can not run on the cluster that the settings choose.
 */
export async function createPlatform(
  settings: Settings,
  workloads: readonly Workload[],
  opts?: pulumi.ComponentResourceOptions,
): Promise<Platform> {
  switch (settings.platform) {
    case "docker": {
      const { DockerPlatform } = await import("./docker");
      return new DockerPlatform("docker", settings, workloads, opts);
    }
    case "kubernetes": {
      const { checkCluster } = await import("./kubernetes-cluster-check");
      // The provider's package is loaded while the cluster thinks.
      const [{ KubernetesPlatform }] = await Promise.all([import("./kubernetes"), checkCluster(settings, workloads)]);
      return new KubernetesPlatform("kubernetes", settings, workloads, opts);
    }
    default:
      return settings.platform satisfies never;
  }
}
