import { readdirSync } from "node:fs";
import path from "node:path";

import {
  priceRules,
  readPrices,
  ruleFilesFor,
  stackFiles,
  type StackFiles,
  type Surroundings,
} from "../../components/consistency";
import { workloadsOf } from "../../components/programs";
import { nativeFiles, nativeText, toYaml } from "../../components/programs/native-file";
import { programsFor } from "../programs/support";
import type { Written } from "../support/settings";

const files = nativeFiles("prometheus/rules", ".yaml");

/** What stands in the repository, whatever a stack loads of it. */
export const surroundings: Surroundings = {
  runbooks: readdirSync(path.join(__dirname, "../../docs/runbooks")),
  otherAlerts: files.flatMap((name) =>
    [...nativeText(`prometheus/rules/${name}`).matchAll(/^ +- alert: (\w+)$/gm)].map(([, alert]) => alert as string),
  ),
};

/** The files of a stack, as rendered for the given configuration, with the rules that fit its programs. */
export function stackOf(written: Written = {}): StackFiles {
  const stack = stackFiles(workloadsOf(programsFor(written)));
  const names = ruleFilesFor(files, [...stack.programs, ...stack.jobs.map(({ job_name }) => job_name)]);
  const prices = priceRules(readPrices("configs/ai-prices.json", nativeText("ai-prices.json")));
  return {
    ...stack,
    rules: [
      ...names.map((name) => ({
        file: `configs/prometheus/rules/${name}`,
        text: nativeText(`prometheus/rules/${name}`),
      })),
      { file: "configs/prometheus/rules/ai-prices.yaml", text: toYaml(prices) },
    ],
  };
}
