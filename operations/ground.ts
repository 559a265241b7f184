import { images, type ImageName } from "../components/images";
import type { Settings } from "../components/settings/settings";
import type { Report } from "../toolchain/cache";
import { placeFrom } from "./platform";
import { checkPorts } from "./preflight";
import { imagesOf, prepareEngine } from "./prepare";
import type { StackRun } from "./pulumi-run";
import { recover } from "./recover";

/** What a stack is put on, made ready for an update of it. */
export interface Ground {
  /** Where a program's image comes from. */
  sourceOf(reference: string): string;
}

/**
 * Makes ready what a stack with these settings is put on, and puts right what an earlier run has left there.
 *
 * @throws UsageError when it can not be reached; Error when it has no room for the stack.
 */
export async function prepareGround(run: StackRun, settings: Settings, report: Report): Promise<Ground> {
  return settings.platform === "kubernetes" ? cluster(run, settings, report) : engine(run, settings, report);
}

async function engine(run: StackRun, settings: Settings, report: Report): Promise<Ground> {
  const { docker, origins } = await prepareEngine(report, imagesOf(settings));
  await checkPorts(settings, docker);
  await recover(run, docker, settings.name, report);
  const nameOf = (reference: string) =>
    (Object.keys(images) as ImageName[]).find((candidate) => images[candidate].reference === reference);
  return {
    sourceOf: (reference) => {
      const name = nameOf(reference);
      return (name && origins[name]?.source) ?? "present";
    },
  };
}

async function cluster(run: StackRun, settings: Settings, report: Report): Promise<Ground> {
  const [{ recoverCluster }, { KubernetesClient }] = await Promise.all([
    import("./recover-cluster"),
    import("./platform/kubernetes"),
  ]);
  const client = await KubernetesClient.connect(placeFrom(settings));
  try {
    await recoverCluster(run, client, report);
  } finally {
    await client.close();
  }
  return { sourceOf: () => "its nodes" };
}
