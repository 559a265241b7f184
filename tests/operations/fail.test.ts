import { afterEach, beforeEach, expect, it, vi } from "vitest";

const denied = () => Object.assign(new Error("EACCES: permission denied, open '/srv/x'"), { code: "EACCES" });

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => {
  process.exitCode = 0;
  vi.restoreAllMocks();
});

it("is exit code 2 for a wrong use and for no rights, but not once something may have changed", async () => {
  // What it remembers is the process's, and other files of tests may run in the same one.
  vi.resetModules();
  const { changesBegin, fail, UsageError } = await import("../../operations/fail");
  const codeOf = (error: unknown) => {
    fail(error);
    return process.exitCode;
  };
  expect([new UsageError("no"), denied(), new Error("broken")].map(codeOf)).toEqual([2, 2, 1]);
  changesBegin();
  expect([new UsageError("no"), denied()].map(codeOf)).toEqual([1, 1]);
});
