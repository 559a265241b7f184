import { unknownCheckingProxy } from "@pulumi/policy";
import type { PolicyResource, ResourceValidationArgs } from "@pulumi/policy";
import { describe, expect, it } from "vitest";

import { policies } from "../../policy/pack";
import type { Resource } from "../../policy/resource";
import { object, onDocker } from "./examples";

/** What the engine sends for a text that only the update will tell. */
const UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const options = { ignoreChanges: [], aliases: [], additionalSecretOutputs: [], customTimeouts: {} };

function argsOf({ type, name, inputs, protect }: Resource, config: object = {}): ResourceValidationArgs {
  const args = {
    type,
    name,
    urn: `urn:pulumi:dev::pyairtable-monitoring::${type}::${name}`,
    props: unknownCheckingProxy({ ...inputs }) as Record<string, unknown>,
    opts: { ...options, protect },
    getConfig: () => config,
  };
  return args as unknown as ResourceValidationArgs;
}

/** What a policy of the pack reports of a resource. */
function reported(name: string, resource: Resource, config?: object): string[] {
  const policy = policies.find((candidate) => candidate.name === name);
  const violations: string[] = [];
  if (policy === undefined || !("validateResource" in policy) || typeof policy.validateResource !== "function") {
    throw new Error(`${name} is no policy of one resource`);
  }
  void policy.validateResource(argsOf(resource, config), (message) => violations.push(message));
  return violations;
}

describe("a policy of the pack", () => {
  it.each([
    ["limits", onDocker({ memory: undefined })],
    ["pinned-images", onDocker({ image: "redis:latest" })],
    ["published-ports", onDocker({ publishAllPorts: true })],
    ["privileges", onDocker({ privileged: true })],
    ["lockdown", onDocker({ readOnly: false })],
    ["plain-secrets", onDocker({ envs: ["REDIS_PASSWORD=open"] })],
  ])("%s reports what its rule refuses, and nothing else", (name, resource) => {
    expect(reported(name, resource)).toHaveLength(1);
    expect(reported(name, onDocker())).toEqual([]);
  });

  it("protected-data asks for protection where its configuration says so", () => {
    const volume = object("docker:index/volume:Volume", {});
    expect(reported("protected-data", volume, { required: true })).toHaveLength(1);
    expect(reported("protected-data", volume)).toEqual([]);
  });

  it("judges what is known before the update, and lets the rest be", () => {
    const volumes = [{ fromContainer: UNKNOWN_TEXT }, { hostPath: "/etc", containerPath: "/etc" }];
    const resource = onDocker({ image: UNKNOWN_TEXT, volumes });
    expect(reported("pinned-images", resource)).toEqual([]);
    expect(reported("privileges", resource)).toEqual([expect.stringContaining("host-path /etc")]);
  });
});

describe("the policy generated-secrets", () => {
  const password = object("random:index/randomPassword:RandomPassword", { result: "Tr0ub4dor-and-3" });
  const report = (others: readonly Resource[]) => {
    const policy = policies.find(({ name }) => name === "generated-secrets");
    const found: [string, string | undefined][] = [];
    if (policy === undefined || !("validateStack" in policy)) throw new Error("it is no policy of a stack");
    const resources = [password, ...others].map((resource) => argsOf(resource) as unknown as PolicyResource);
    const args = { resources, getConfig: () => ({}), notApplicable: () => undefined };
    void policy.validateStack(args as unknown as Parameters<typeof policy.validateStack>[0], (message, urn) =>
      found.push([message, urn]),
    );
    return found;
  };

  it("reports a generated password in a command, at the resource that shows it", () => {
    const [[message, urn] = [], ...more] = report([onDocker({ command: ["--password=Tr0ub4dor-and-3"] })]);
    expect(message).toMatch(/^example shows a secret in its command/);
    expect(urn).toContain("docker:index/container:Container::example");
    expect(more).toEqual([]);
  });

  it("has nothing against a stack that keeps it in a file", () => {
    expect(report([onDocker({ uploads: [{ file: "/run/password", content: "Tr0ub4dor-and-3" }] })])).toEqual([]);
  });
});
