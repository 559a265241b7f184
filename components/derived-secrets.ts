import { hkdfSync } from "node:crypto";

const SALT = "pyairtable-monitoring";
/** Bytes of a derived password: 192 bits. */
const PASSWORD_LENGTH = 24;
/** Bytes of the salt that bcrypt takes, and its cost: 2^10 rounds, what it is everywhere by default. */
const BCRYPT_SALT_LENGTH = 16;
const BCRYPT_COST = 10;

/** Bytes that follow from a root secret and a purpose (HKDF-SHA256). Who knows one purpose's bytes learns nothing of another's. */
export function derivedBytes(root: string, purpose: string, length: number): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", root, SALT, purpose, length));
}

/** A password of 48 hexadecimal digits, which need no quoting anywhere. */
export function derivedPassword(root: string, purpose: string): string {
  return Buffer.from(derivedBytes(root, `password/${purpose}`, PASSWORD_LENGTH)).toString("hex");
}

/**
 * The bcrypt hash of a password. Its salt follows from the root secret and the purpose: one by chance would be another hash, and
 * with it a change, at every preview. Takes about 80 ms.
 *
 * @param password at most 72 bytes, since bcrypt reads no more.
 */
export async function derivedHash(root: string, purpose: string, password: string): Promise<string> {
  // Loaded only where a stack has a hash.
  const { default: bcrypt } = await import("bcryptjs");
  const salt = bcrypt.encodeBase64([...derivedBytes(root, `salt/${purpose}`, BCRYPT_SALT_LENGTH)], BCRYPT_SALT_LENGTH);
  return bcrypt.hash(password, `$2b$${BCRYPT_COST}$${salt}`);
}
