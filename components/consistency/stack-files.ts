import { load } from "js-yaml";

import type { Workload } from "../platform/workload";
import type { Memory } from "./heaps";
import type { ScrapeJob } from "./sources";
import type { TextFile } from "./text-file";

/** What of a stack the checks look at: its files as they are about to be deployed. */
export interface StackFiles {
  readonly programs: readonly string[];
  readonly memory: readonly Memory[];
  readonly jobs: readonly ScrapeJob[];
  /** The rules of the stack's own. */
  readonly rules: readonly TextFile[];
  /** The users' rules: `custom.yaml`, and the file that the settings name. */
  readonly userRules: readonly TextFile[];
  readonly dashboards: readonly TextFile[];
  readonly dataSources: readonly TextFile[];
  readonly alertmanager: readonly TextFile[];
}

/** Reads a stack's files out of its workloads. Secret files are left alone. */
export function stackFiles(workloads: readonly Workload[]): StackFiles {
  const of = (program: string, path: RegExp): TextFile[] =>
    workloads
      .filter(({ name }) => name === program)
      .flatMap((workload) => plainFiles(workload))
      .filter(({ path: own }) => path.test(own))
      .map(({ path: own, text }) => ({ file: `configs/${program}/${own}`, text }));
  const jobs = of("prometheus", /^prometheus\.yml$/).flatMap(
    ({ file, text }) => (load(text, { filename: file }) as { scrape_configs: ScrapeJob[] }).scrape_configs,
  );
  return {
    programs: workloads.map(({ name }) => name),
    memory: workloads.map((workload) => ({
      name: workload.name,
      limit: workload.resources.memory,
      env: workload.env ?? {},
      files: plainFiles(workload)
        .filter(({ path }) => /jvm/.test(path))
        .map(({ text }) => text),
    })),
    jobs,
    rules: of("prometheus", /^rules\/(?!custom|user-).+\.ya?ml$/),
    userRules: of("prometheus", /^rules\/(custom|user-.+)\.ya?ml$/),
    dashboards: of("grafana", /^dashboards\/.+\.json$/),
    dataSources: of("grafana", /^provisioning\/datasources\/.+\.ya?ml$/),
    alertmanager: of("alertmanager", /^alertmanager\.yml$/),
  };
}

function plainFiles({ files }: Workload): { path: string; text: string }[] {
  return (files?.entries ?? []).flatMap(({ path, content, secret }) =>
    typeof content === "string" && !secret ? [{ path, text: content }] : [],
  );
}
