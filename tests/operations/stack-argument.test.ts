import { describe, expect, it } from "vitest";

import { namedStack } from "../../operations/stack-argument";

describe("the stack that a pulumi command names", () => {
  it.each([
    ["up -s prod", "prod"],
    ["up -sprod", "prod"],
    ["up -s=prod", "prod"],
    ["up --stack prod", "prod"],
    ["up --stack=prod --yes", "prod"],
    ["-s prod config set platform docker", "prod"],
    ["up --stack=dev -s prod", "prod"],
    ["config set --stack=prod name -- -sdev", "prod"],
    ["up", undefined],
    ["up --yes --skip-preview", undefined],
    ["up --stack", undefined],
    ["up --stacks=prod", undefined],
    ["config set name -- -s", undefined],
  ])("%s: %s", (command, stack) => expect(namedStack(command.split(" "))).toBe(stack));
});
