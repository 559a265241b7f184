import * as pulumi from "@pulumi/pulumi";

import { KubernetesPlatform } from "../../components/platform/kubernetes";
import type { Deployed, Transform } from "../../components/platform/platform";
import { recordResources, type Recorder, type Registration } from "../support/mocks";
import { settingsFor } from "../support/settings";
import { TINY, type Case } from "./contract-cases";

type Fields = Record<string, unknown>;

/** What the Kubernetes adapter made of a workload that was deployed as `part-<its name>`. */
export interface OnKubernetes {
  readonly recorder: Recorder;
  readonly deployed: Deployed;
  /** The object that runs the program. */
  readonly runner: Registration;
  readonly spec: Fields;
  /** What its pods are. */
  readonly template: { readonly metadata: Fields; readonly spec: Fields };
  readonly container: Fields;
}

/** Deploys a case's program, after its peers, on a cluster. */
export async function deployOnKubernetes(
  { workload: fields, peers = [], settings: written = {}, onCluster = {} }: Case,
  transform?: Transform,
): Promise<OnKubernetes> {
  const recorder = await recordResources();
  const workload = { ...TINY, ...fields };
  try {
    const settings = settingsFor({ platform: "kubernetes", namespace: "watch", ...written, ...onCluster });
    const platform = new KubernetesPlatform("kubernetes", settings, [...peers, workload]);
    const parent = new pulumi.ComponentResource("test:index:Part", "part");
    for (const peer of peers) platform.deploy(`part-${peer.name}`, peer, { parent });
    const options = { parent, ...(transform ? { transform } : {}) };
    const deployed = platform.deploy(`part-${workload.name}`, workload, options);
    await recorder.drain();
    return { recorder, deployed, ...made(recorder.named(`part-${workload.name}`)) };
  } finally {
    // Also when the workload was refused: what was created until then must not reach the next test's recorder.
    await recorder.drain();
  }
}

function made(runner: Registration): Pick<OnKubernetes, "runner" | "spec" | "template" | "container"> {
  const spec = runner.inputs.spec as Fields;
  const { spec: inner = spec } = (spec.jobTemplate ?? {}) as { spec?: Fields };
  const template = inner.template as OnKubernetes["template"];
  const [container] = template.spec.containers as [Fields];
  return { runner, spec, template, container };
}

/** Kind of an object, such as `Service`. */
export function kindOf({ type }: Registration): string {
  return type.split(":").at(-1) as string;
}

/** What is registered for the program itself, as `<kind> <name>`; sorted. */
export function objectsOf({ recorder }: OnKubernetes): string[] {
  return recorder.registrations
    .filter(({ parent }) => parent === "part")
    .map((one) => `${kindOf(one)} ${one.name}`)
    .sort();
}

/** `spec` of an object by its resource's name. */
export function specOf({ recorder }: OnKubernetes, name: string): Fields {
  return recorder.named(name).inputs.spec as Fields;
}

/** Name and namespace of an object by its resource's name. */
export function placeOf({ recorder }: OnKubernetes, name: string): { name?: string; namespace?: string } {
  const { name: own, namespace } = recorder.named(name).inputs.metadata as { name?: string; namespace?: string };
  return { ...(own === undefined ? {} : { name: own }), ...(namespace === undefined ? {} : { namespace }) };
}

/** Pods of a program, as a selector names them. */
export function podsOf(name: string, namespace?: string) {
  const podSelector = {
    matchLabels: { "app.kubernetes.io/name": name, "app.kubernetes.io/instance": "pyairtable-test" },
  };
  return namespace === undefined ? { podSelector } : { ...inNamespace(namespace), podSelector };
}

export function inNamespace(name: string) {
  return { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } } };
}

export function tcp(...ports: readonly number[]) {
  return ports.map((port) => ({ port, protocol: "TCP" }));
}
