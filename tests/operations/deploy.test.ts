import { beforeEach, describe, expect, it, vi } from "vitest";

import { prepareGround } from "../../operations/ground";
import { StackRun } from "../../operations/pulumi-run";
import { deploy } from "../../operations/verbs/deploy";

vi.mock("../../operations/ground");
vi.mock("../../operations/prepare", () => ({
  PROVIDERS_OF: { docker: [], kubernetes: [] },
  prepareWorkspace: () => Promise.resolve({}),
  prepareTools: () => Promise.resolve({ workspace: {}, stop: () => undefined }),
  refuseWithoutRights: () => Promise.resolve(),
}));

describe("deploy with another log store", () => {
  /** What was done, in order. */
  const done: string[] = [];

  const stackWith = (values: Record<string, string>) => {
    const run: Partial<StackRun> = {
      stack: "prod",
      source: "Pulumi.prod.yaml",
      outputs: () => Promise.resolve({} as never),
      configuration: () => Promise.resolve({ values, secretKeys: new Set<string>(), otherKeys: [] }),
      capture: (command) => Promise.resolve(String(done.push(command.join(" ")))),
      show: ([verb = ""]) => Promise.resolve(done.push(verb)),
    };
    vi.spyOn(StackRun, "open").mockResolvedValue(run as StackRun);
  };
  const deployLoki = () => deploy("loki", { stack: "prod" });

  beforeEach(() => {
    done.length = 0;
    vi.spyOn(console, "error").mockImplementation(() => {});
    vi.mocked(prepareGround).mockImplementation((_, { loki, elk }) => {
      done.push(`ground for ${loki ? "loki" : ""}${elk ? "elk" : ""}`);
      return Promise.resolve({ sourceOf: () => "present" });
    });
  });

  it("leaves the configuration alone when the settings do not go together with it", async () => {
    stackWith({ logging: "elk", jaegerStorage: "elasticsearch" });
    await expect(deployLoki()).rejects.toThrow(/jaegerStorage/);
    expect(done).toEqual([]);
  });

  it("leaves it alone when there is no room for the stack", async () => {
    stackWith({ logging: "elk" });
    vi.mocked(prepareGround).mockRejectedValue(new Error("another program holds 3001"));
    await expect(deployLoki()).rejects.toThrow("another program holds 3001");
    expect(done).toEqual([]);
  });

  it("writes it once all of that is good, and before the update", async () => {
    stackWith({ logging: "elk" });
    await expect(deployLoki()).rejects.toThrow("the update failed");
    expect(done).toEqual(["ground for loki", "config set logging loki", "up"]);
  });
});
