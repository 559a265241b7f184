import type { Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import { clusterJobs, isMeasured } from "./scrape-jobs";

/** What is not there has no series. So what a stack is made of is recorded, and alerts compare what is found with it. */
interface Expectation {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * Rules that record how many targets each job of the stack's programs has at the least, as `job:expected_targets:count{job}`, and
 * which services are listed, as `service:expected:info{service,owner}` with the value 1. Of programs without metrics of their own
 * the containers are counted, as `service:expected_containers:count{service}`: those of the log store Elasticsearch, whose
 * retention is `elasticsearch:expected_retention:seconds`.
 */
export function expectedRules(settings: Settings, workloads: readonly Workload[]): object {
  const measured = workloads.filter(isMeasured);
  const silent = workloads.filter((workload) => !isMeasured(workload) && lasts(workload));
  const programs = measured.map((workload): [string, number] => [workload.name, copiesOf(workload)]);
  const ofCluster = settings.kubernetes ? clusterJobs().map(({ job_name }): [string, number] => [job_name, 1]) : [];
  const rules = [
    ...[...programs, ...ofCluster].map(([job, count]): Expectation => ({
      record: "job:expected_targets:count",
      expr: `vector(${count})`,
      labels: { job },
    })),
    ...settings.services.map(({ name: service, owner }): Expectation => ({
      record: "service:expected:info",
      expr: "vector(1)",
      labels: { service, owner },
    })),
    ...silent.map((workload): Expectation => ({
      record: "service:expected_containers:count",
      expr: `vector(${copiesOf(workload)})`,
      labels: { service: workload.name },
    })),
    ...retentionOf(settings),
  ];
  return { groups: [{ name: "expected", interval: "1m", rules }] };
}

function retentionOf({ elk }: Settings): Expectation[] {
  return elk ? [{ record: "elasticsearch:expected_retention:seconds", expr: `vector(${elk.retentionSeconds})` }] : [];
}

/** Whether a program runs for as long as the stack does. */
function lasts({ placement }: Workload): boolean {
  return placement.kind !== "once" && placement.kind !== "scheduled";
}

/** How many machines a cluster has is known to the cluster alone. */
function copiesOf({ placement }: Workload): number {
  return placement.kind === "replicated" ? placement.replicas : 1;
}
