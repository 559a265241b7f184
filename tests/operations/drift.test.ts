import { describe, expect, it } from "vitest";

import { baseOf } from "../../operations/drift";
import { FakeStack, startOf, type Update } from "./support/fake-stack";

const COMMIT = "a".repeat(40);
const OTHER = "b".repeat(40);

function base(updates: readonly Update[], pending = 0) {
  const stack = new FakeStack("prod");
  stack.updates.push(...updates);
  stack.pending = pending;
  return baseOf(stack);
}

describe("what a stack is compared with", () => {
  it("is the commit of its last update, where that reached all of it", async () => {
    const updates = [{ commit: OTHER }, { commit: COMMIT }, { kind: "refresh" }, { kind: "preview", commit: OTHER }];
    expect(await base(updates)).toEqual({ commit: COMMIT, unfinished: "" });
  });

  it.each<[string, Update, RegExp]>([
    ["failed", { commit: COMMIT, result: "failed" }, /did not succeed/],
    ["is still at work, or was cut off", { commit: COMMIT, result: "in-progress" }, /did not succeed/],
    ["was of a part", { commit: COMMIT, options: ["target"] }, /was of a part of it/],
    ["was of a state that nobody committed", { commit: COMMIT, dirty: true }, /uncommitted changes/],
  ])("is no proof of drift after an update that %s", async (_, update, reason) => {
    const { commit, unfinished } = await base([{ commit: OTHER }, update]);
    expect(commit).toBe(COMMIT);
    expect(unfinished).toMatch(reason);
    expect(unfinished).toContain(startOf(1));
  });

  it("is no proof of drift while operations have no known end", async () => {
    expect(await base([{ commit: COMMIT }], 2)).toEqual({
      commit: COMMIT,
      unfinished: "an update was cut off, and how its last operations ended is not known",
    });
  });

  it("is nothing before the first update", async () => {
    expect(await base([])).toEqual({ commit: "", unfinished: "nothing is deployed to it" });
  });
});
