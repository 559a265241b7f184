import { beforeAll, describe, expect, it, vi } from "vitest";

import { containersOf, describeGrant } from "../../policy/container";
import { allowed, EXCEPTIONS, type Exceptions } from "../../policy/exceptions";
import { policies } from "../../policy/pack";
import type { Resource } from "../../policy/resource";
import { limits } from "../../policy/rules/limits";
import { lockdown } from "../../policy/rules/lockdown";
import { pinnedImages } from "../../policy/rules/pinned-images";
import { plainSecrets } from "../../policy/rules/plain-secrets";
import { privileges } from "../../policy/rules/privileges";
import { protectedData } from "../../policy/rules/protected-data";
import { publishedPorts } from "../../policy/rules/published-ports";
import { configOf, MARK, VARIANTS, wholeProgram } from "./support";

// Looks at a cluster, of which a test of what is registered needs none.
vi.mock("../../components/platform/kubernetes-cluster-check", () => ({ checkCluster: () => Promise.resolve() }));

type Program = Awaited<ReturnType<typeof wholeProgram>>;

const programs = new Map<string, Program>();
const program = (name: string) => programs.get(name) as Program;
const names = Object.keys(VARIANTS);

beforeAll(async () => {
  for (const [name, variant] of Object.entries(VARIANTS)) programs.set(name, await wholeProgram(variant));
}, 60_000);

describe.each(names)("the whole program of %s", (name) => {
  const required = configOf(VARIANTS[name]!)["pyairtable-monitoring:protectData"] === "true";
  const broken = (rule: (resource: Resource) => readonly string[]) =>
    program(name).resources.flatMap((resource) => rule(resource));

  it("is seen by the rules", () => {
    const { resources, secrets } = program(name);
    expect(resources.flatMap(containersOf).length).toBeGreaterThan(10);
    // Given secrets are there to be found, and generated ones.
    expect(JSON.stringify(resources).includes(MARK)).toBe(true);
    expect(secrets.filter((secret) => !secret.includes(MARK)).length).toBeGreaterThan(0);
  });

  it("limits every container", () => expect(broken(limits)).toEqual([]));
  it("pins every image", () => expect(broken(pinnedImages)).toEqual([]));
  it("is reached only where it is listed", () => expect(broken(publishedPorts)).toEqual([]));
  it("has no privilege that is not listed", () => expect(broken(privileges)).toEqual([]));
  it("locks every container down", () => expect(broken(lockdown)).toEqual([]));
  it("protects data where it asks for it", () => {
    expect(broken((resource) => protectedData(resource, required))).toEqual([]);
  });
  it("shows no secret", () => expect(broken((resource) => plainSecrets(resource, program(name).secrets))).toEqual([]));
});

describe("the list of exceptions", () => {
  /** What the containers of all variants have, as `<program> <platform> <grant>`. */
  const had = () =>
    [...programs.values()].flatMap(({ resources }) =>
      resources
        .flatMap(containersOf)
        .flatMap(({ program: name, platform, grants }) =>
          grants.map((grant) => `${name} ${platform} ${describeGrant(grant)}`),
        ),
    );
  const listed = (exceptions: Exceptions) =>
    Object.keys(exceptions).flatMap((name) =>
      (["docker", "kubernetes"] as const).flatMap((platform) =>
        allowed(exceptions, name, platform).map((grant) => `${name} ${platform} ${grant}`),
      ),
    );

  it("lists exactly what the programs have", () => {
    expect(listed(EXCEPTIONS).sort()).toEqual([...new Set(had())].sort());
  });

  it("gives a reason for each, once", () => {
    const all = Object.values(EXCEPTIONS).flatMap((platforms) => Object.values(platforms).flat());
    expect(all.filter(({ reason }) => reason.length < 10)).toEqual([]);
    expect(listed(EXCEPTIONS).filter((line, index, lines) => lines.indexOf(line) !== index)).toEqual([]);
  });
});

describe("the pack", () => {
  it.each(["dev", "prod"])("is told what the stack %s asks to be protected", async (stack) => {
    const { default: told } = (await import(`../../policy/${stack}.json`)) as { default: Record<string, unknown> };
    const asked = configOf(VARIANTS[stack]!)["pyairtable-monitoring:protectData"] === "true";
    expect(told).toEqual({ "protected-data": { required: asked } });
    expect(asked).toBe(stack === "prod");
  });

  it("has a policy for each rule", () => {
    expect(policies.map(({ name }) => name)).toEqual([
      "limits",
      "pinned-images",
      "published-ports",
      "privileges",
      "lockdown",
      "protected-data",
      "plain-secrets",
      "generated-secrets",
    ]);
  });
});
