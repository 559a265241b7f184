import { createRequire } from "node:module";

import { BinaryReader, BinaryWriter } from "google-protobuf";
import { Struct, Value } from "google-protobuf/google/protobuf/struct_pb";
import { afterEach, describe, expect, it } from "vitest";

import { readStruct, useFastStructs, writeStruct } from "../../components/sdk-structs";

type Values = Parameters<typeof writeStruct>[0];

const CASES: readonly (readonly [string, Values])[] = [
  ["nothing", {}],
  ["text", { empty: "", plain: "a", accents: "äöü €", emoji: "😀", long: "x\n".repeat(100_000) }],
  ["numbers", { zero: 0, negative: -1, fraction: 0.1, large: 2 ** 53, small: 5e-324 }],
  ["the rest of what JSON has", { yes: true, no: false, nothing: null, list: [], struct: {} }],
  ["values in each other", { a: [1, "b", null, [true, {}], { c: { d: [[]] } }], "": { "€": ["😀"] } }],
];

const original = { ...Struct };
const { toJavaScript, getFieldsMap } = Struct.prototype;

afterEach(() => {
  Object.assign(Struct, original);
  Object.assign(Struct.prototype, { toJavaScript, getFieldsMap });
});

/** The library's own way, which the engine's and the vendors' messages follow. */
const byLibrary = (values: Values) => Struct.fromJavaScript(values as never);

function written(values: Values): Uint8Array {
  const writer = new BinaryWriter();
  writeStruct(values, writer);
  return writer.getResultBuffer();
}

describe("structs of the protocol", () => {
  it.each(CASES)("that the library wrote are read: %s", (_, values) => {
    expect(readStruct(new BinaryReader(byLibrary(values).serializeBinary()))).toEqual(values);
  });

  it.each(CASES)("that are written are read by the library: %s", (_, values) => {
    expect(Struct.deserializeBinary(written(values)).toJavaScript()).toEqual(values);
  });

  it("leave out what JSON leaves out", () => {
    const values = { a: undefined, b: Number.NaN, c: [undefined] };
    expect(readStruct(new BinaryReader(written(values)))).toEqual({ b: null, c: [null] });
  });
});

describe("the SDK's structs", () => {
  it("are those that are changed", () => {
    const ofSdk = createRequire(require.resolve("@pulumi/pulumi")).resolve("google-protobuf/google/protobuf/struct_pb");
    expect(ofSdk).toBe(require.resolve("google-protobuf/google/protobuf/struct_pb"));
  });

  it.each(CASES)("go over the wire and come back: %s", (_, values) => {
    const before = byLibrary(values).serializeBinary();
    useFastStructs();
    expect(Struct.deserializeBinary(before).toJavaScript()).toEqual(values);
    expect(Struct.deserializeBinary(byLibrary(values).serializeBinary()).toJavaScript()).toEqual(values);
  });

  it("are also read field by field, and within values", () => {
    useFastStructs();
    const read = Struct.deserializeBinary(byLibrary({ a: { b: "c" } }).serializeBinary());
    expect(read.getFieldsMap().get("a")?.getStructValue()?.toJavaScript()).toEqual({ b: "c" });
    const value = Value.deserializeBinary(Value.fromJavaScript({ a: [{ b: 1 }] } as never).serializeBinary());
    expect(value.toJavaScript()).toEqual({ a: [{ b: 1 }] });
  });
});
