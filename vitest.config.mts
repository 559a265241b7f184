import { availableParallelism } from "node:os";

import { defineConfig } from "vitest/config";

import SlowFirst from "./tests/support/slow-first.mts";

export default defineConfig({
  test: {
    sequence: { sequencer: SlowFirst },
    // Left to itself the runner keeps a core free: of two that is half.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    reporters: ["default", "./tests/support/count-reporter.ts"],
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["tests/**/*.test.ts"],
          exclude: [
            "tests/{tools,e2e,platform,components}/**",
            "tests/{,policy/}program*.test.ts",
            "tests/toolchain/{plugins,cluster}/**",
            "tests/docs/integrate-*.test.ts",
          ],
          // Nothing here keeps state in a module, and the SDK takes a second to load anew for each file.
          isolate: false,
          testTimeout: 30_000,
        },
      },
      {
        // The SDK's mocks are one for a process.
        extends: true,
        test: {
          name: "mocks",
          include: ["tests/{platform,components}/**/*.test.ts", "tests/{,policy/}program*.test.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        // The programs' own checks of the configurations, and the guides' programs. Binaries are built at the first run.
        extends: true,
        test: {
          name: "tools",
          include: ["tests/tools/**/*.test.ts", "tests/docs/integrate-*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 3_600_000,
        },
      },
      {
        // The real engine and real containers. Three files on two cores took a tenth less time than two, and programs that start
        // ran out of theirs. With more, the engine's default address pools, which hold some thirty networks, can run out: a
        // stack has up to ten.
        extends: true,
        test: {
          name: "e2e",
          include: ["tests/e2e/**/*.test.ts", "tests/toolchain/plugins/**/*.test.ts"],
          globalSetup: ["tests/e2e/global-setup.ts"],
          maxWorkers: availableParallelism() < 4 ? 2 : 3,
          sequence: { groupOrder: 1 },
          testTimeout: 300_000,
          hookTimeout: 3_600_000,
        },
      },
    ],
  },
});
