import { describe, expect, it } from "vitest";

import { Random } from "../../demo/program/random";

const DRAWS = 20_000;
const draw = <T>(seed: string, next: (random: Random) => T, count = DRAWS): T[] => {
  const random = new Random(seed);
  return Array.from({ length: count }, () => next(random));
};
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("the random numbers of the demo", () => {
  it("are the same for the same seed and others for another", () => {
    const numbers = draw("a", (random) => random.next(), 5);
    expect(draw("a", (random) => random.next(), 5)).toEqual(numbers);
    expect(draw("b", (random) => random.next(), 5)).not.toEqual(numbers);
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
  });

  it("come as often as shares and weights say", () => {
    const hits = draw("c", (random) => (random.chance(0.3) ? 1 : 0));
    expect(mean(hits)).toBeCloseTo(0.3, 1);
    const picked = draw("d", (random) => (random.pick({ often: 9, seldom: 1 }) === "often" ? 1 : 0));
    expect(mean(picked)).toBeCloseTo(0.9, 1);
  });

  it("lie around the middle and are never negative", () => {
    const times = draw("e", (random) => random.around(2)).sort((one, other) => one - other);
    expect(times[DRAWS / 2]).toBeCloseTo(2, 0);
    expect(times[0]).toBeGreaterThan(0);
  });

  it("leave gaps that give the pace asked for", () => {
    expect(mean(draw("f", (random) => random.gap(4)))).toBeCloseTo(0.25, 1);
  });

  it("can not pick from nothing", () => {
    expect(() => new Random("g").pick({})).toThrow("nothing to pick from");
  });
});
