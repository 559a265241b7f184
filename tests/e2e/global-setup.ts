import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestProject } from "vitest/node";

import { useOwnHome } from "../../operations/own-home";
import { prepareEngine, prepareTools } from "../../operations/prepare";
import type { Workspace } from "../../operations/workspace";

declare module "vitest" {
  export interface ProvidedContext {
    /** State of its own for this run of the tests, with everything that a `pulumi` command needs. */
    workspace: Workspace;
  }
}

/** Engine, plugins and images, once for all end-to-end tests. The first run on a machine builds what it can not pull. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const state = await mkdtemp(path.join(tmpdir(), "pyairtable-monitoring-test-"));
  process.env.PYAIRTABLE_MONITORING_STATE = state;
  await useOwnHome(state);
  const report = (message: string) => console.error(message);
  const tools = await prepareTools(report, ["docker", "kubernetes", "random"]);
  await prepareEngine(report);
  project.provide("workspace", tools.workspace);
  return async () => {
    tools.stop();
    await rm(state, { recursive: true, force: true });
  };
}
