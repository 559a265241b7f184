import * as pulumi from "@pulumi/pulumi";

import { DockerPlatform } from "../../components/platform/docker";
import type { Deployed, Transform } from "../../components/platform/platform";
import { recordResources, type Recorder, type Registration } from "../support/mocks";
import { settingsFor } from "../support/settings";
import { TINY, type Case } from "./contract-cases";

/** What the Docker adapter made of a workload that was deployed as `part-<its name>`. */
export interface OnDocker {
  readonly recorder: Recorder;
  readonly deployed: Deployed;
  /** The container that runs the program. */
  readonly container: Registration;
}

/** Deploys a case's program, after its peers, on one Docker engine. */
export async function deployOnDocker(
  { workload: fields, peers = [], settings: written = {} }: Case,
  transform?: Transform,
): Promise<OnDocker> {
  const recorder = await recordResources();
  const workload = { ...TINY, ...fields };
  try {
    const platform = new DockerPlatform("docker", settingsFor(written), [...peers, workload]);
    const parent = new pulumi.ComponentResource("test:index:Part", "part");
    for (const peer of peers) platform.deploy(`part-${peer.name}`, peer, { parent });
    const options = { parent, ...(transform ? { transform } : {}) };
    const deployed = platform.deploy(`part-${workload.name}`, workload, options);
    await recorder.drain();
    return { recorder, deployed, container: recorder.named(`part-${workload.name}`) };
  } finally {
    // Also when the workload was refused: what was created until then must not reach the next test's recorder.
    await recorder.drain();
  }
}

export const namesOf = (registrations: readonly Registration[]) => registrations.map(({ name }) => name);

/** Labels of an object, by name. */
export function labelsOf({ inputs }: Registration): Record<string, string> {
  const labels = inputs.labels as { label: string; value: string }[];
  return Object.fromEntries(labels.map(({ label, value }) => [label, value]));
}
