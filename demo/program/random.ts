import { createHash } from "node:crypto";

/** Numbers that look random and are the same for the same seed. */
export class Random {
  #state: number;

  constructor(seed: string) {
    this.#state = createHash("sha256").update(seed).digest().readUInt32LE(0);
  }

  /** A number from 0 up to and without 1 (the generator known as mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** True for that share of the calls. */
  chance(share: number): boolean {
    return this.next() < share;
  }

  /** One of the keys, as often as its weight says. */
  pick<Key extends string>(weights: Readonly<Record<Key, number>>): Key {
    const entries = Object.entries(weights) as [Key, number][];
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    const found = entries.find(([, weight]) => (left -= weight) < 0) ?? entries[entries.length - 1];
    if (found === undefined) throw new Error("there is nothing to pick from");
    return found[0];
  }

  /** A time or an amount around `middle`: most are near it, a few are several times as much. */
  around(middle: number): number {
    const normal = Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
    return middle * Math.exp(0.5 * normal);
  }

  /** The time until the next of events that come `perSecond` on average, in seconds. */
  gap(perSecond: number): number {
    return -Math.log(1 - this.next()) / perSecond;
  }
}
