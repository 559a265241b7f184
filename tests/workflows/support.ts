import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { load } from "js-yaml";

export const ROOT = path.join(__dirname, "../..");
const FOLDER = ".github/workflows";

export interface Step {
  readonly name?: string;
  readonly id?: string;
  readonly if?: string;
  readonly "continue-on-error"?: boolean;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

export interface Job {
  readonly if?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
  readonly environment?: string;
  readonly needs?: string;
  readonly steps: readonly Step[];
  readonly strategy?: { readonly matrix: { readonly include: readonly { readonly stack: string }[] } };
}

export interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

export const read = (file: string) => readFileSync(path.join(ROOT, file), "utf8");

/** Paths of the workflows, from the root. */
export const files = readdirSync(path.join(ROOT, FOLDER)).map((name) => `${FOLDER}/${name}`);

export const workflow = (name: string) => load(read(`${FOLDER}/${name}.yml`)) as Workflow;

/** Every step of every workflow, and of the actions of our own that they use. */
export function steps(): Step[] {
  const jobs = files.flatMap((file) => Object.values((load(read(file)) as Workflow).jobs));
  const own = load(read(".github/actions/prepare/action.yml")) as { runs: { steps: Step[] } };
  return [...jobs.flatMap((job) => job.steps), ...own.runs.steps];
}
