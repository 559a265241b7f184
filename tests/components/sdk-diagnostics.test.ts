import { inspect } from "node:util";

import log from "@pulumi/pulumi/log";
import { afterEach, describe, expect, it } from "vitest";

import { leaveOutSdkDiagnostics } from "../../components/sdk-diagnostics";

// The module of which the SDK's others take the function; an import by name would be a copy.
const sdk = log as unknown as { debug: (message: string) => Promise<void>; info: (message: string) => Promise<void> };

describe("what the SDK tells its own developers", () => {
  const { debug, info } = sdk;
  const { prepareStackTrace } = Error;

  afterEach(() => {
    sdk.debug = debug;
    Error.prepareStackTrace = prepareStackTrace;
  });

  it("is left out: debug lines, and stacks of errors that say nothing", async () => {
    leaveOutSdkDiagnostics();
    expect(sdk.debug).not.toBe(debug);
    await expect(sdk.debug("RegisterResource RPC finished")).resolves.toBeUndefined();
    expect(new Error().stack).toBe("Error");
  });

  it("leaves everything else: lines for people, and stacks of errors that say something", () => {
    leaveOutSdkDiagnostics();
    expect(sdk.info).toBe(info);
    expect(new Error("told").stack).toMatch(/^Error: told\n +at .*sdk-diagnostics\.test/);
  });

  it("names the SDK's files in its package, so that Node.js can print the error in colours", () => {
    // What the SDK's source maps make of a frame.
    Error.prepareStackTrace = ({ message }) =>
      [
        `Error: ${message}`,
        "    at init (/app/node_modules/@pulumi/resource.ts:1598:22)",
        "    at Stack.init (/app/node_modules/@pulumi/runtime/stack.ts:78:28)",
        "    at connect (/app/node_modules/@grpc/grpc-js/src/client.ts:2:1)",
        "    at own (C:\\app\\node_modules\\@pulumi\\resource.ts:1:1)",
      ].join("\n");
    leaveOutSdkDiagnostics();
    const error = new Error("told");
    expect(error.stack?.match(/node_modules\S+/g)).toEqual([
      "node_modules/@pulumi/pulumi/resource.ts:1598:22)",
      "node_modules/@pulumi/runtime/stack.ts:78:28)",
      "node_modules/@grpc/grpc-js/src/client.ts:2:1)",
      "node_modules\\@pulumi\\pulumi\\resource.ts:1:1)",
    ]);
    expect(inspect(error, { colors: true })).toContain("told");
  });
});
