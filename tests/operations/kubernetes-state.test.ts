import { describe, expect, it } from "vitest";

import { placeOf, quantity, type Pod, type Runner } from "../../operations/platform/kubernetes-objects";
import { errorOf } from "../../operations/platform/kubernetes-refusals";
import { stateOf } from "../../operations/platform/kubernetes-state";
import { useIn } from "../../operations/platform/kubernetes-volumes";
import { UsageError } from "../../operations/fail";

type Container = NonNullable<NonNullable<Pod["status"]>["containerStatuses"]>[number];

const runner = (spec: Runner["spec"], status: Runner["status"] = {}): Runner => ({
  metadata: { name: "loki" },
  spec,
  status,
});
const pod = (name: string, container: Partial<Container>, more: Pod["status"] = {}): Pod => ({
  metadata: { name },
  spec: { containers: [{ name: "loki" }] },
  status: {
    phase: "Running",
    conditions: [{ type: "Ready", status: container.ready ? "True" : "False" }],
    containerStatuses: [{ name: "loki", ready: false, ...container }],
    ...more,
  },
});
const ready = (name: string) => pod(name, { ready: true, state: { running: {} } });
const [store, agent, job, cronjob] = ["statefulset", "daemonset", "job", "cronjob"].map((kind) =>
  placeOf({ handle: `watch/${kind}/loki` }),
) as [ReturnType<typeof placeOf>, ReturnType<typeof placeOf>, ReturnType<typeof placeOf>, ReturnType<typeof placeOf>];
const NO = { standIn: false };

describe("how a cluster sees a program", () => {
  it("is healthy when every copy is ready", () => {
    expect(stateOf(store, runner({ replicas: 2 }), [ready("a"), ready("b")])).toEqual({
      ...NO,
      running: true,
      health: "healthy",
    });
    const nodes = runner({}, { desiredNumberScheduled: 1 });
    expect(stateOf(agent, nodes, [ready("a")])).toEqual({ ...NO, running: true, health: "healthy" });
  });

  it("is missing where there is no object, and stopped where it has no copies", () => {
    expect(stateOf(store, undefined, [])).toEqual({
      ...NO,
      running: false,
      missing: true,
      detail: "there is no statefulset loki",
    });
    expect(stateOf(store, runner({ replicas: 0 }), [])).toEqual({
      ...NO,
      running: false,
      detail: "it is scaled to 0 copies",
    });
  });

  it("does not take a pod that ends for one that runs", () => {
    const ending = { ...ready("a"), metadata: { name: "a", deletionTimestamp: "2026-01-01T00:00:00Z" } };
    expect(stateOf(store, runner({ replicas: 1 }), [ending])).toMatchObject({
      running: false,
      detail: "0 of 1 copies are ready",
    });
  });

  it("is not healthy before a change of the object was seen", () => {
    const changed = {
      ...runner({ replicas: 1 }, { observedGeneration: 1 }),
      metadata: { name: "loki", generation: 2 },
    };
    expect(stateOf(store, changed, [ready("a")])).toMatchObject({ running: true, health: "starting" });
  });

  it.each<[string, Pod, object]>([
    [
      "an image that can not be had",
      pod("a", { state: { waiting: { reason: "ImagePullBackOff", message: "no such image" } } }),
      { running: false, detail: "0 of 1 copies are ready; a: ImagePullBackOff: no such image" },
    ],
    [
      "a program that ends again and again",
      pod("a", {
        state: { waiting: { reason: "CrashLoopBackOff" } },
        lastState: { terminated: { exitCode: 137, reason: "OOMKilled" } },
      }),
      {
        running: false,
        exitCode: 137,
        detail: "0 of 1 copies are ready; a: CrashLoopBackOff, last ended with exit code 137 (OOMKilled)",
      },
    ],
    [
      "a pod that no node takes",
      pod(
        "a",
        {},
        {
          phase: "Pending",
          containerStatuses: [],
          conditions: [{ type: "PodScheduled", status: "False", message: "insufficient memory" }],
        },
      ),
      { running: false, detail: "0 of 1 copies are ready; a: no node takes it: insufficient memory" },
    ],
    [
      "a pod that was evicted",
      pod("a", {}, { phase: "Failed", reason: "Evicted", message: "low on disk", containerStatuses: [] }),
      { running: false, detail: "0 of 1 copies are ready; a: Evicted: low on disk" },
    ],
    [
      "a container that is being made",
      pod("a", { state: { waiting: { reason: "ContainerCreating" } } }),
      { running: false, detail: "0 of 1 copies are ready" },
    ],
    [
      "a program that does not say that it is ready",
      pod("a", { state: { running: {} } }),
      { running: true, health: "starting" },
    ],
  ])("names %s", (_, trouble, expected) => {
    expect(stateOf(store, runner({ replicas: 1 }), [trouble])).toMatchObject(expected);
  });

  it("is unhealthy where some copies run and one never will", () => {
    const lost = pod("b", { state: { waiting: { reason: "ImagePullBackOff" } } });
    expect(stateOf(store, runner({ replicas: 2 }), [ready("a"), lost])).toMatchObject({
      running: true,
      health: "unhealthy",
      detail: "1 of 2 copies are ready; b: ImagePullBackOff",
    });
  });

  it("is unhealthy where the next revision does not come up, though the last goes on", () => {
    const next = pod("b", { state: { waiting: { reason: "ErrImagePull" } } });
    expect(stateOf(store, runner({ replicas: 1 }), [ready("a"), next])).toMatchObject({
      health: "unhealthy",
      detail: "1 of 1 copies are ready; b: ErrImagePull",
    });
  });

  it("of what runs to its end is its exit code", () => {
    const done = (type: string) => runner({}, { conditions: [{ type, status: "True", message: "too often" }] });
    const failed = pod("a", { state: { terminated: { exitCode: 3 } } }, { phase: "Failed" });
    expect(stateOf(job, done("Complete"), [])).toEqual({ ...NO, running: false, exitCode: 0 });
    expect(stateOf(job, done("Failed"), [failed])).toMatchObject({
      running: false,
      exitCode: 3,
      detail: "too often; a: ended with exit code 3",
    });
    expect(stateOf(job, runner({}), [ready("a")])).toEqual({ ...NO, running: true });
    expect(stateOf(cronjob, runner({}), [])).toEqual({ ...NO, running: false, exitCode: 0 });
    expect(stateOf(cronjob, runner({}), [failed])).toMatchObject({ running: false, exitCode: 3 });
  });
});

describe("what a cluster answers", () => {
  it.each([
    ["128974848", 128_974_848],
    ["123Mi", 123 * 2 ** 20],
    ["1.5Gi", 1.5 * 2 ** 30],
    ["129e6", 129e6],
    ["500m", 0.5],
    ["much", undefined],
    ["1Xi", undefined],
  ])("reads the quantity %s", (text, bytes) => {
    expect(quantity(text)).toBe(bytes);
  });

  it("reads what a volume holds, by the disk of its node", () => {
    const output = "48 /dev/vda1 264212084 226409376 37786324 86% /data\n";
    expect(useIn("watch/persistentvolumeclaim/data", "node-1", { succeeded: true, output })).toEqual({
      volume: "watch/persistentvolumeclaim/data",
      disk: "node-1:/dev/vda1",
      used: 48 * 1_024,
      total: 264_212_084 * 1_024,
      free: 37_786_324 * 1_024,
    });
    expect(useIn("v", undefined, { succeeded: false, output: 'exec: "sh": not found' })).toBeUndefined();
  });

  it("is a missing permission in one line, and admission's reason as it is", () => {
    const status = (message: string) => JSON.stringify({ kind: "Status", message });
    const denied = errorOf(403, status('pods is forbidden: User "a" cannot list resource "pods"\nin API group ""'));
    expect(denied).toBeInstanceOf(UsageError);
    expect(denied.message).toBe(
      'no permission: User "a" cannot list resource "pods" in API group "". What an operator needs is in docs/operations.md',
    );
    const policy = errorOf(403, status('pods "a" is forbidden: violates PodSecurity "restricted:latest"'));
    expect(policy).not.toBeInstanceOf(UsageError);
    expect(policy.message).toContain('violates PodSecurity "restricted:latest"');
    expect(errorOf(500, "<html>\n").message).toBe("the cluster refused (500): <html>");
  });
});
