import { afterAll, beforeAll } from "vitest";

import { authorityCertificate, programCertificate } from "../../../components/certificates";
import { settingsFor, type Written } from "../../support/settings";
import { Rendered } from "./rendered";

/** The kinds of stacks with Elasticsearch. */
export const ELK_CASES = {
  "with Logstash": { logging: "elk" },
  "without Logstash": { logging: "elk", logstash: false },
  "on Kubernetes": {
    platform: "kubernetes",
    logging: "elk",
    replicas: { elasticsearch: 3, logstash: 2, kibana: 2 },
    ingress: { domain: "monitoring.example.com" },
    jaegerStorage: "elasticsearch",
  },
} satisfies Record<string, Written>;

export type ElkCase = keyof typeof ELK_CASES;
export const elkCases = Object.keys(ELK_CASES) as ElkCase[];

/** Renders the given stacks before the tests of this file and removes the files after them. */
export function useRenderedElk(names: readonly ElkCase[] = elkCases): (name: ElkCase) => Rendered {
  const rendered = new Map<ElkCase, Rendered>();
  beforeAll(async () => {
    for (const name of names) {
      const files = await Rendered.write(settingsFor(ELK_CASES[name]));
      await putIdentity(files, "filebeat");
      rendered.set(name, files);
    }
  });
  afterAll(async () => {
    for (const files of rendered.values()) await files.remove();
  });
  return (name) => {
    const found = rendered.get(name);
    if (found === undefined) throw new Error(`Pass "${name}" to useRenderedElk.`);
    return found;
  };
}

/** Puts real certificates in place of the texts that stand for them. */
async function putIdentity(files: Rendered, program: string): Promise<void> {
  const { certificate, key } = programCertificate("root", program, [program]);
  const contents = { "ca.crt": authorityCertificate("root"), [`${program}.crt`]: certificate, [`${program}.key`]: key };
  for (const [name, content] of Object.entries(contents)) await files.put(`/etc/${program}/secrets/${name}`, content);
}
