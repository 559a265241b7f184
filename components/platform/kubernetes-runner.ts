import * as apps from "@pulumi/kubernetes/apps/v1";
import * as batch from "@pulumi/kubernetes/batch/v1";
import type { core } from "@pulumi/kubernetes/types/input";
import type * as pulumi from "@pulumi/pulumi";

import { metadataOf, replicasOf, selectorOf, type Target } from "./kubernetes-names";
import { claimTemplates } from "./kubernetes-volumes";
import { replicasService, type Workload } from "./workload";

const KINDS = {
  deployment: apps.Deployment,
  statefulset: apps.StatefulSet,
  daemonset: apps.DaemonSet,
  job: batch.Job,
  cronjob: batch.CronJob,
} as const;

/** The one object that runs a program. */
export interface Runner {
  /** Its kind, as `kubectl` takes it. */
  readonly kind: keyof typeof KINDS;
  readonly args: Record<string, unknown>;
}

/** A scheduled run that hangs would keep every later one from starting. */
const SCHEDULED_SECONDS = 3_600;

/** What the copies of a program keep when their number or the program itself goes. */
const KEEP = { whenDeleted: "Retain", whenScaled: "Retain" };

/** A job that failed would be waited for at every later update; so it is made anew there. */
const RUN_AGAIN = { "pulumi.com/replaceUnready": "true" };

/** The object that runs a program, from what its pods are. */
export function runner(target: Target, workload: Workload, template: core.v1.PodTemplateSpec): Runner {
  const { placement, data = [] } = workload;
  const metadata = metadataOf(target, workload);
  const selector = { matchLabels: selectorOf(target, workload.name) };
  const replicas = replicasOf(workload);
  switch (placement.kind) {
    case "single":
    case "replicated":
      if (data.length === 0) return { kind: "deployment", args: { metadata, spec: { replicas, selector, template } } };
      return { kind: "statefulset", args: { metadata, spec: statefulSet(target, workload, { selector, template }) } };
    case "every-node":
      return { kind: "daemonset", args: { metadata, spec: { selector, template } } };
    case "once":
      return { kind: "job", args: { metadata: { ...metadata, annotations: RUN_AGAIN }, spec: { template } } };
    case "scheduled":
      return { kind: "cronjob", args: { metadata, spec: cronJob(placement.schedule, template) } };
    default:
      return placement satisfies never;
  }
}

/**
 * Copies start together, since those of a cluster are ready only once they have found each other. The service that gives them
 * their names need not exist, and does only when there are several; naming it always makes a change of their number no reason
 * to replace the object.
 */
function statefulSet(target: Target, workload: Workload, shared: object) {
  return {
    ...shared,
    replicas: replicasOf(workload),
    serviceName: replicasService(workload.name),
    podManagementPolicy: "Parallel",
    persistentVolumeClaimRetentionPolicy: KEEP,
    volumeClaimTemplates: claimTemplates(target, workload),
  };
}

function cronJob(schedule: string, template: core.v1.PodTemplateSpec) {
  return {
    schedule,
    timeZone: "Etc/UTC",
    concurrencyPolicy: "Forbid",
    successfulJobsHistoryLimit: 1,
    failedJobsHistoryLimit: 3,
    jobTemplate: { spec: { activeDeadlineSeconds: SCHEDULED_SECONDS, template } },
  };
}

/** Registers the object. Its arguments may have been changed by a user, whom only the cluster can check. */
export function createRunner(
  name: string,
  { kind, args }: Runner,
  options: pulumi.CustomResourceOptions,
): pulumi.CustomResource {
  return new KINDS[kind](name, args as never, options);
}
