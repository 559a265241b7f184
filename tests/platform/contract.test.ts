import { describe, it } from "vitest";

import { CASES, type Case, type Column } from "./contract-cases";
import { dockerColumn } from "./docker-column";
import { deployOnDocker } from "./docker-support";
import { kubernetesColumn } from "./kubernetes-column";
import { deployOnKubernetes } from "./kubernetes-support";

/** One platform that the contract runs on. */
interface Adapter {
  readonly name: string;
  /** Its check of a case, by field and case. */
  check(field: string, name: string, given: Case): Promise<void>;
}

function adapter<Made>(name: string, deploy: (given: Case) => Promise<Made>, column: Column<Made>): Adapter {
  const checks = column as Readonly<Record<string, Readonly<Record<string, Column<Made>["name"]["is the host name"]>>>>;
  return {
    name,
    check: async (field, title, given) => {
      const check = checks[field]?.[title];
      if (!check) throw new Error(`${name} says nothing about ${field} ${title}`);
      await check(() => deploy(given));
    },
  };
}

const adapters = [
  adapter("docker", deployOnDocker, dockerColumn),
  adapter("kubernetes", deployOnKubernetes, kubernetesColumn),
];

const cases = Object.entries<Readonly<Record<string, Case>>>(CASES).flatMap(([field, named]) =>
  Object.entries(named).map(([title, given]) => [field, title, given] as const),
);

describe.each(adapters.map((one) => [one.name, one] as const))("a workload on %s", (_, { check }) => {
  it.each(cases)("%s: %s", async (field, title, given) => check(field, title, given));
});
