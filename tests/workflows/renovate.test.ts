import { describe, expect, it } from "vitest";

import { images } from "../../components/images";
import { read } from "./support";

interface Renovate {
  readonly customManagers: readonly { readonly managerFilePatterns: string[]; readonly matchStrings: string[] }[];
}

describe("the update bot", () => {
  const { customManagers } = JSON.parse(read(".github/renovate.json")) as Renovate;
  const [manager] = customManagers;
  const found = (text: string) =>
    (manager?.matchStrings ?? []).flatMap((pattern) =>
      [...text.matchAll(new RegExp(pattern, "g"))].map(({ groups }) => ({ ...groups })),
    );

  it("looks at the table of images", () => {
    const [pattern = ""] = manager?.managerFilePatterns ?? [];
    expect("components/images.ts").toMatch(new RegExp(pattern.slice(1, -1)));
  });

  it("finds every image there, with its release", () => {
    const references = found(read("components/images.ts")).map(
      ({ depName, currentValue }) => `${depName}:${currentValue}`,
    );
    expect(references.sort()).toEqual(
      Object.values(images)
        .map(({ reference }) => reference as string)
        .sort(),
    );
  });

  it("finds a digest beside the release", () => {
    const digest = `sha256:${"a".repeat(64)}`;
    expect(found(`x: { reference: "quay.io/a/b:v1.2.3@${digest}" }`)).toEqual([
      { depName: "quay.io/a/b", currentValue: "v1.2.3", currentDigest: digest },
    ]);
  });
});
