import { beforeAll, describe, expect, it } from "vitest";

import { KubernetesPlatform } from "../../components/platform/kubernetes";
import { programsOf, workloadsOf } from "../../components/programs";
import { secretsFor } from "../programs/support";
import { recordResources, type Recorder } from "../support/mocks";
import { settingsFor } from "../support/settings";
import { stackFile } from "../support/stack-file";

interface Runner {
  readonly replicas: number;
  readonly template: { readonly spec: { readonly topologySpreadConstraints?: readonly object[] } };
}

describe("the production stack on a cluster", () => {
  const settings = settingsFor(stackFile("prod"));
  const several = Object.entries(settings.replicas).filter(([, copies]) => copies > 1);
  let recorder: Recorder;

  beforeAll(async () => {
    recorder = await recordResources();
    const workloads = workloadsOf(programsOf(settings, secretsFor(settings)));
    const platform = new KubernetesPlatform("kubernetes", settings, workloads);
    for (const workload of workloads) platform.deploy(`part-${workload.name}`, workload, { parent: platform });
    await recorder.drain();
  });

  it("has copies of all that can have them", () => {
    expect(several.map(([name]) => name)).toEqual(Object.keys(settings.replicas));
  });

  it.each(several)("has of %s so many copies, each on a node of its own", (name, copies) => {
    const spec = recorder.named(`part-${name}`).inputs.spec as Runner;
    expect(spec.replicas).toBe(copies);
    expect(spec.template.spec.topologySpreadConstraints).toMatchObject([
      { topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "DoNotSchedule", minDomains: copies },
      { topologyKey: "topology.kubernetes.io/zone", whenUnsatisfiable: "ScheduleAnyway" },
    ]);
  });

  it("deletes the traces of days past the retention, by a job each night", () => {
    const { type, inputs } = recorder.named("part-jaeger-index-cleaner");
    expect(type).toMatch(/:CronJob$/);
    expect(inputs.spec).toMatchObject({ schedule: "55 23 * * *", timeZone: "Etc/UTC" });
  });

  it("loses one copy of each at a time when nodes are drained, and lets programs with one go", () => {
    const budgets = recorder.ofKind("PodDisruptionBudget");
    expect(budgets.map(({ name }) => name).sort()).toEqual(several.map(([name]) => `part-${name}-disruption`).sort());
    for (const { inputs } of budgets) expect(inputs.spec).toMatchObject({ maxUnavailable: 1 });
  });
});
