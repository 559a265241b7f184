import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    reporters: ["default", "./tests/support/count-reporter.ts"],
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["tests/**/*.test.ts"],
          exclude: ["tests/{tools,e2e}/**", "tests/toolchain/plugins/**"],
        },
      },
      {
        // The programs' own checks of the configurations. Binaries are built at the first run.
        extends: true,
        test: { name: "tools", include: ["tests/tools/**/*.test.ts"], testTimeout: 120_000, hookTimeout: 3_600_000 },
      },
      {
        // The real engine and real containers, one stack after the other.
        extends: true,
        test: {
          name: "e2e",
          include: ["tests/e2e/**/*.test.ts", "tests/toolchain/plugins/**/*.test.ts"],
          globalSetup: ["tests/e2e/global-setup.ts"],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
