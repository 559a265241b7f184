import type { Settings } from "../../components/settings/settings";
import type { ResolvedOutputs } from "../../components/stack-outputs";
import type { PlatformClient } from "./client";

/** A stack, as far as it takes to find it. */
export type StackPlace = Pick<ResolvedOutputs, "platform" | "name" | "services" | "frontDoor" | "cluster"> &
  Partial<Pick<ResolvedOutputs, "programs">>;

/** Where a stack with these settings is or would be: for one without programs, which has no outputs. */
export function placeFrom({ platform, name, kubernetes }: Settings): StackPlace {
  const services = { network: kubernetes?.servicesNamespace ?? "none", otlpGrpc: "", otlpHttp: "" };
  if (kubernetes === undefined) return { platform, name, services };
  const { kubeconfig = null, context = null, namespace } = kubernetes;
  const namespaces = [namespace, `${namespace}-agents`];
  return { platform, name, services, cluster: { kubeconfig, context, namespaces, portForwards: {} } };
}

/** The client for the platform that a stack runs on. Only its implementation is loaded. */
export async function openPlatform(stack: StackPlace): Promise<PlatformClient> {
  switch (stack.platform) {
    case "docker": {
      const { DockerClient } = await import("./docker");
      return DockerClient.connect(stack);
    }
    case "kubernetes": {
      const { KubernetesClient } = await import("./kubernetes");
      return KubernetesClient.connect(stack);
    }
    default:
      return stack.platform satisfies never;
  }
}
