import bcrypt from "bcryptjs";
import { describe, expect, it } from "vitest";
import { random } from "../../../toolchain/plugins/random";
import { reveal, secret, type Values } from "../../../toolchain/plugins/values";
import { create } from "./support";

async function make(inputs: Values): Promise<Values> {
  const [type] = random.types({});
  if (!type) throw new Error("no password type");
  return (await create(type, inputs)).outputs;
}

async function password(inputs: Values): Promise<string> {
  return String(reveal(await make(inputs)).values["result"]);
}

describe("a random password", () => {
  it("is secret, and so is its hash", async () => {
    const outputs = await make({ length: 24 });
    const { values } = reveal(outputs);
    expect(outputs["result"]).toEqual(secret(values["result"]));
    expect(outputs["bcryptHash"]).toEqual(secret(values["bcryptHash"]));
    expect(await bcrypt.compare(String(values["result"]), String(values["bcryptHash"]))).toBe(true);
  });

  it("hashes no more than bcrypt can take", async () => {
    const { values } = reveal(await make({ length: 100 }));
    expect(await bcrypt.compare(String(values["result"]).slice(0, 72), String(values["bcryptHash"]))).toBe(true);
  });

  it("honours the classes of characters", async () => {
    expect(await password({ length: 200, special: false, upper: false })).toMatch(/^[a-z0-9]{200}$/);
    expect(await password({ length: 50, overrideSpecial: "_", lower: false, upper: false, numeric: false })).toBe(
      "_".repeat(50),
    );
  });

  it("honours the minimums", async () => {
    const inputs = { length: 12, minLower: 3, minUpper: 3, minNumeric: 3, minSpecial: 3 };
    for (let round = 0; round < 5; round++) {
      const result = await password(inputs);
      for (const kind of [/[a-z]/g, /[A-Z]/g, /[0-9]/g, /[^a-zA-Z0-9]/g]) {
        expect(result.match(kind)).toHaveLength(3);
      }
    }
  });

  it("refuses minimums that do not fit", async () => {
    await expect(make({ length: 3, minLower: 4 })).rejects.toThrow("the minimums add up to 4");
  });

  it("differs each time", async () => {
    expect(await password({ length: 20 })).not.toBe(await password({ length: 20 }));
  });
});
