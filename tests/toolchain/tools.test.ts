import { describe, expect, it } from "vitest";

import { saysVersion } from "../../toolchain/tools";

describe("saysVersion", () => {
  it.each([
    ["promtool, version 3.16.0 (branch: , revision: )", true],
    ["v3.16.0", true],
    ["promtool, version 3.16.01", false],
    ["promtool, version 13.16.0", false],
    ["promtool, version 3.16.0-rc.1", false],
    ["promtool, version 3x16y0", false],
    ["", false],
  ])("%s: %s", (output, expected) => {
    expect(saysVersion(output, "3.16.0")).toBe(expected);
  });
});
