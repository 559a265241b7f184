import { hkdfSync } from "node:crypto";

const SALT = "pyairtable-monitoring";
/** Bytes of a derived password: 192 bits. */
const PASSWORD_LENGTH = 24;

/** Bytes that follow from a root secret and a purpose (HKDF-SHA256). Who knows one purpose's bytes learns nothing of another's. */
export function derivedBytes(root: string, purpose: string, length: number): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", root, SALT, purpose, length));
}

/** A password of 48 hexadecimal digits, which need no quoting anywhere. */
export function derivedPassword(root: string, purpose: string): string {
  return Buffer.from(derivedBytes(root, `password/${purpose}`, PASSWORD_LENGTH)).toString("hex");
}
