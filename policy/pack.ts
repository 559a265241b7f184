import {
  UnknownValueError,
  type PolicyResource,
  type ResourceValidationArgs,
  type ResourceValidationPolicy,
  type StackValidationPolicy,
} from "@pulumi/policy";

import { UNKNOWN, type Resource, type Violations } from "./resource";
import { limits } from "./rules/limits";
import { lockdown } from "./rules/lockdown";
import { pinnedImages } from "./rules/pinned-images";
import { plainSecrets, shownSecrets } from "./rules/plain-secrets";
import { privileges } from "./rules/privileges";
import { protectedData } from "./rules/protected-data";
import { publishedPorts } from "./rules/published-ports";

const RANDOM_PASSWORD = "random:index/randomPassword:RandomPassword";

/** One rule as a policy; its name is how it is switched off or configured for one run. */
function policy(
  name: string,
  description: string,
  rule: (resource: Resource, args: ResourceValidationArgs) => Violations,
): ResourceValidationPolicy {
  return {
    name,
    description,
    validateResource: (args, report) => {
      for (const violation of rule(resourceOf(args), args)) report(violation);
    },
  };
}

/** Generated passwords are known after the update only, to the stack as a whole. */
const generatedSecrets: StackValidationPolicy = {
  name: "generated-secrets",
  description: "No generated password where anyone may read it.",
  validateStack: ({ resources }, report) => {
    const seen = resources.map((resource) => ({ urn: resource.urn, ...resourceOf(resource) }));
    const known = seen
      .filter(({ type, inputs }) => type === RANDOM_PASSWORD && typeof inputs.result === "string")
      .map(({ inputs }) => String(inputs.result))
      .filter((value) => value !== UNKNOWN);
    for (const resource of seen) {
      for (const violation of shownSecrets(resource, known)) report(violation, resource.urn);
    }
  },
};

/** The rules as CrossGuard policies. The tests run the same functions over the whole program. */
export const policies: (ResourceValidationPolicy | StackValidationPolicy)[] = [
  policy("limits", "Every container has a memory and a CPU limit.", (resource) => limits(resource)),
  policy("pinned-images", "Every image is one release, by exact tag or digest.", (resource) => pinnedImages(resource)),
  policy("published-ports", "Nothing is reached from outside but through what is listed.", (resource) =>
    publishedPorts(resource),
  ),
  policy("privileges", "No container has a privilege that policy/exceptions.ts does not list.", (resource) =>
    privileges(resource),
  ),
  policy("lockdown", "Read-only root, no new privileges, no capabilities.", (resource) => lockdown(resource)),
  {
    ...policy("protected-data", "What holds data is protected where the stack asks for it.", (resource, args) =>
      protectedData(resource, args.getConfig<{ required?: boolean }>().required === true),
    ),
    configSchema: { properties: { required: { type: "boolean", default: false } } },
  },
  policy("plain-secrets", "No secret in a variable, a command or a ConfigMap, as far as names tell.", (resource) =>
    plainSecrets(resource, []),
  ),
  generatedSecrets,
];

function resourceOf({ type, name, props, opts }: ResourceValidationArgs | PolicyResource): Resource {
  return { type, name, inputs: known(props) as Resource["inputs"], protect: opts.protect };
}

/** A copy of what can be read: properties that only the update will tell throw when they are looked at. */
function known(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, index) => at(value, index));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.keys(value).map((key) => [key, at(value, key)]));
}

function at(holder: object, key: string | number): unknown {
  try {
    return known((holder as Record<string | number, unknown>)[key]);
  } catch (error) {
    if (error instanceof UnknownValueError) return UNKNOWN;
    throw error;
  }
}
