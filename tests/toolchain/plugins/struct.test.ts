import { BinaryReader, BinaryWriter } from "google-protobuf";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { describe, expect, it } from "vitest";

import { readStruct, writeStruct } from "../../../toolchain/plugins/struct";
import type { Values } from "../../../toolchain/plugins/values";

const CASES: readonly (readonly [string, Values])[] = [
  ["nothing", {}],
  ["text", { empty: "", plain: "a", accents: "äöü €", emoji: "😀", long: "x\n".repeat(100_000) }],
  ["numbers", { zero: 0, negative: -1, fraction: 0.1, large: 2 ** 53, small: 5e-324 }],
  ["the rest of what JSON has", { yes: true, no: false, nothing: null, list: [], struct: {} }],
  ["values in each other", { a: [1, "b", null, [true, {}], { c: { d: [[]] } }], "": { "€": ["😀"] } }],
];

/** The library's own way, which the engine's and the vendors' messages follow. */
const byLibrary = (values: Values) => Struct.fromJavaScript(values as never);

describe("structs of the protocol", () => {
  it.each(CASES)("that the library wrote are read: %s", (_, values) => {
    expect(readStruct(new BinaryReader(byLibrary(values).serializeBinary()))).toEqual(values);
  });

  it.each(CASES)("that are written are read by the library: %s", (_, values) => {
    const writer = new BinaryWriter();
    writeStruct(values, writer);
    expect(Struct.deserializeBinary(writer.getResultBuffer()).toJavaScript()).toEqual(values);
  });

  it("leave out what JSON leaves out", () => {
    const writer = new BinaryWriter();
    writeStruct({ a: undefined, b: Number.NaN, c: [undefined] }, writer);
    expect(readStruct(new BinaryReader(writer.getResultBuffer()))).toEqual({ b: null, c: [null] });
  });
});
