/**
 * The engine's protocol carries a resource's inputs and outputs as structs. The SDK's library for them makes two objects for each
 * value, and takes text apart letter by letter: with whole files in the messages that was a quarter of what a preview takes over
 * one of nothing. Here they are read and written as plain values; what goes over the wire stays the same.
 */
import type { BinaryReader, BinaryWriter } from "google-protobuf";
import { Struct, Value as ProtocolValue } from "google-protobuf/google/protobuf/struct_pb";

type Value = string | number | boolean | null | undefined | Value[] | { [key: string]: Value };
type Values = Record<string, Value>;

/** What a struct stands for. */
const contents = new WeakMap<Struct, Values>();

/** Lets the library read and write structs by the functions below, for as long as this process runs. */
export function useFastStructs(): void {
  const { getFieldsMap } = Struct.prototype;
  Struct.fromJavaScript = (values) => {
    const message = new Struct();
    contents.set(message, values);
    return message;
  };
  Struct.deserializeBinaryFromReader = (message: Struct, reader: BinaryReader) => {
    contents.set(message, readStruct(reader));
    return message;
  };
  Struct.serializeBinaryToWriter = (message: Struct, writer: BinaryWriter) =>
    writeStruct(contents.get(message) ?? {}, writer);
  Object.assign(Struct.prototype, {
    toJavaScript(this: Struct) {
      return contents.get(this) ?? {};
    },
    getFieldsMap(this: Struct) {
      const map = getFieldsMap.call(this);
      const values = map.getLength() === 0 ? contents.get(this) : undefined;
      for (const [key, value] of Object.entries(values ?? {}))
        map.set(key, ProtocolValue.fromJavaScript(value as never));
      return map;
    },
  });
}

/** Numbers of the fields of the protocol's messages Struct, its entries, Value and ListValue. */
const ENTRY = { key: 1, value: 2 };
const KIND = { null: 1, number: 2, text: 3, boolean: 4, struct: 5, list: 6 };
const MEMBERS = 1;

/** Holds a value, since the library neither passes on `null` nor takes what a reader gives back. */
interface Box {
  value: Value;
}

export function readStruct(reader: BinaryReader): Values {
  const values: Values = {};
  eachField(reader, () => {
    let key = "";
    const box: Box = { value: null };
    const entry = () =>
      eachField(reader, (field) => {
        if (field === ENTRY.key) key = readText(reader);
        else reader.readMessage(box as never, readValue as never);
      });
    reader.readMessage({} as never, entry as never);
    values[key] = box.value;
  });
  return values;
}

function readValue(box: Box, reader: BinaryReader): void {
  eachField(reader, (field) => {
    if (field === KIND.text) box.value = readText(reader);
    else if (field === KIND.number) box.value = reader.readDouble();
    else if (field === KIND.boolean) box.value = reader.readBool();
    else if (field === KIND.null) box.value = (reader.readEnum(), null);
    else reader.readMessage(box as never, (field === KIND.list ? readList : readMembers) as never);
  });
}

function readMembers(box: Box, reader: BinaryReader): void {
  box.value = readStruct(reader);
}

function readList(box: Box, reader: BinaryReader): void {
  const list: Value[] = [];
  eachField(reader, () => {
    const item: Box = { value: null };
    reader.readMessage(item as never, readValue as never);
    list.push(item.value);
  });
  box.value = list;
}

function eachField(reader: BinaryReader, read: (field: number) => void): void {
  while (reader.nextField() && !reader.isEndGroup()) read(reader.getFieldNumber());
}

function readText(reader: BinaryReader): string {
  const { buffer, byteOffset, byteLength } = reader.readBytes();
  return Buffer.from(buffer, byteOffset, byteLength).toString("utf8");
}

const utf8 = new TextEncoder();

/** What JSON leaves out is left out here too. */
export function writeStruct(values: Values, writer: BinaryWriter): void {
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) continue;
    writer.writeMessage(MEMBERS, value ?? NULL, (_, inner: BinaryWriter) => {
      inner.writeBytes(ENTRY.key, utf8.encode(key));
      writeValue(ENTRY.value, value, inner);
    });
  }
}

const NULL = {};

function writeValue(field: number, value: Value, writer: BinaryWriter): void {
  writer.writeMessage(field, value ?? NULL, (_, inner: BinaryWriter) => {
    if (typeof value === "string") inner.writeBytes(KIND.text, utf8.encode(value));
    else if (typeof value === "number" && Number.isFinite(value)) inner.writeDouble(KIND.number, value);
    else if (typeof value === "boolean") inner.writeBool(KIND.boolean, value);
    else if (Array.isArray(value)) inner.writeMessage(KIND.list, value, writeList);
    else if (typeof value === "object" && value !== null) inner.writeMessage(KIND.struct, value, writeStruct);
    else inner.writeEnum(KIND.null, 0);
  });
}

function writeList(list: Value[], writer: BinaryWriter): void {
  for (const item of list) writeValue(MEMBERS, item, writer);
}
