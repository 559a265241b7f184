import type { Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import { clusterJobs, type Measured } from "./scrape-jobs";

/** What is not there has no series. So what a stack is made of is recorded, and alerts compare what is found with it. */
interface Expectation {
  readonly record: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Rules that record how many targets each job of the stack's programs has at the least, as `job:expected_targets:count{job}`, and
 * which services are listed, as `service:expected:info{service,owner}` with the value 1.
 */
export function expectedRules(settings: Settings, measured: readonly Measured[]): object {
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
  ];
  return { groups: [{ name: "expected", interval: "1m", rules }] };
}

/** How many machines a cluster has is known to the cluster alone. */
function copiesOf({ placement }: Workload): number {
  return placement.kind === "replicated" ? placement.replicas : 1;
}
