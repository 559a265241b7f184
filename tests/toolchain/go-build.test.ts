import { readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, it } from "vitest";

import { goRecipes, type GoProgram, type GoRecipe } from "../../toolchain/go/recipes";
import { buildArguments, digest, goFailure, goSourceKey } from "../../toolchain/go-build";

const programs = Object.entries(goRecipes) as [GoProgram, GoRecipe][];

describe("the recipes of the Go programs", () => {
  it.each(programs)("%s has a go.mod with a neutral name", (name, recipe) => {
    const goMod = readFileSync(path.join(__dirname, "../../toolchain/go", recipe.folder ?? name, "go.mod"), "utf8");
    expect(goMod).toMatch(/^module pyairtable-monitoring\.local\/toolchain$/m);
  });

  it.each(programs)("%s tells the linker no other release than its own", (_, recipe) => {
    const releases = Object.values(recipe.variables ?? {}).filter((value) => value !== "unknown");
    expect(releases.filter((value) => value.replace(/^v/, "") !== recipe.version)).toEqual([]);
  });

  it("gives every program a key of its own, the same at every call", async () => {
    const keys = await Promise.all(programs.map(([name]) => goSourceKey(name)));
    expect(new Set(keys).size).toBe(programs.length);
    expect(await goSourceKey("stand-in")).toBe(await goSourceKey("stand-in"));
  });
});

describe("buildArguments", () => {
  it("builds one package into one file, stripped and without paths of this machine", () => {
    const recipe: GoRecipe = {
      version: "1.2.3",
      binaries: { tool: "example.org/tool/cmd/tool" },
      tags: ["one", "two"],
      variables: { "example.org/tool.Version": "1.2.3" },
    };
    expect(buildArguments(recipe, "tool", "/out")).toEqual([
      "build",
      "-trimpath",
      "-buildvcs=false",
      "-tags=one,two",
      "-ldflags=-s -w -X example.org/tool.Version=1.2.3",
      "-o",
      "/out/tool",
      "example.org/tool/cmd/tool",
    ]);
  });
});

describe("digest", () => {
  it("tells texts apart that only together are the same", () => {
    expect(digest("ab", "c")).not.toBe(digest("a", "bc"));
    expect(digest("ab", "c")).toBe(digest("ab", "c"));
  });
});

describe("goFailure", () => {
  it("names the program and the command, and ends with the last lines of the output", () => {
    const output = Array.from({ length: 100 }, (_, index) => `line ${index}`).join("\n");
    const message = goFailure("loki", "go build x", false, output);
    expect(message).toContain("Building loki failed.\n  command: go build x\n  line 75\n");
    expect(message).toContain("line 99");
    expect(message).not.toContain("line 74");
  });

  it("says what to install when there is no Go", () => {
    expect(goFailure("loki", "go env", true, "")).toContain("Install Go 1.26");
  });
});
