import type { ResolvedOutputs } from "../../components/stack-outputs";
import type { PlatformClient } from "./client";

/** The client for the platform that a stack runs on. Only its implementation is loaded. */
export async function openPlatform(
  stack: Pick<ResolvedOutputs, "platform" | "name" | "services" | "frontDoor">,
): Promise<PlatformClient> {
  if (stack.platform !== "docker") throw new Error(`the verbs do not know the platform "${stack.platform}" yet`);
  const { DockerClient } = await import("./docker");
  return DockerClient.connect(stack);
}
