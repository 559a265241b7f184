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
});
