import { createPrivateKey, createPublicKey, createHash, type KeyObject } from "node:crypto";

import { p256 } from "@noble/curves/nist.js";
import { AsnParser, AsnSerializer, OctetString } from "@peculiar/asn1-schema";
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_clientAuth,
  id_kp_serverAuth,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from "@peculiar/asn1-x509";

import { derivedBytes } from "./derived-secrets";

/** A certificate with its private key, both PEM; the key as PKCS#8, which Java reads as well. */
export interface CertificatePair {
  readonly certificate: string;
  readonly key: string;
}

/**
 * Fixed, since dates that follow the clock would make other certificates at every preview. Whoever wants new ones replaces
 * the root secret that they are derived from.
 */
const VALIDITY = { notBefore: new Date("2025-01-01T00:00:00Z"), notAfter: new Date("2045-01-01T00:00:00Z") };

const AUTHORITY = "authority";
const COMMON_NAME = "2.5.4.3";
const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
/** Bytes that give a scalar of P-256 without a bias that could be measured. */
const SEED_LENGTH = 48;
const SERIAL_LENGTH = 16;

interface KeyPair {
  readonly scalar: Uint8Array;
  readonly privateKey: KeyObject;
  readonly publicKeyInfo: SubjectPublicKeyInfo;
  readonly identifier: OctetString;
}

/**
 * The certificate of the authority that belongs to a root secret. The same root gives the same bytes on every run: keys come
 * from the root, and signatures are deterministic (RFC 6979).
 */
export function authorityCertificate(root: string): string {
  const keys = keyPair(root, AUTHORITY);
  return certificate(root, AUTHORITY, keys, keys, [
    extension(id_ce_basicConstraints, new BasicConstraints({ cA: true, pathLenConstraint: 0 }), true),
    extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign), true),
    extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keys.identifier)),
  ]);
}

/**
 * A certificate of that authority, for a program both as a server and as a client of its peers.
 *
 * @param hosts DNS names beside `localhost` and 127.0.0.1. Other names give another certificate for the same key.
 */
export function programCertificate(root: string, program: string, hosts: readonly string[]): CertificatePair {
  const keys = keyPair(root, `program/${program}`);
  const issuer = keyPair(root, AUTHORITY);
  const names = [...new Set([...hosts, "localhost"])].map((dNSName) => new GeneralName({ dNSName }));
  return {
    key: keys.privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    certificate: certificate(root, program, keys, issuer, [
      extension(id_ce_basicConstraints, new BasicConstraints({ cA: false }), true),
      extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.digitalSignature), true),
      extension(id_ce_extKeyUsage, new ExtendedKeyUsage([id_kp_serverAuth, id_kp_clientAuth])),
      extension(
        id_ce_subjectAltName,
        new SubjectAlternativeName([...names, new GeneralName({ iPAddress: "127.0.0.1" })]),
      ),
      extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keys.identifier)),
      extension(
        id_ce_authorityKeyIdentifier,
        new AuthorityKeyIdentifier({ keyIdentifier: new SubjectKeyIdentifier(issuer.identifier) }),
      ),
    ]),
  };
}

function keyPair(root: string, owner: string): KeyPair {
  const scalar = p256.utils.randomSecretKey(derivedBytes(root, `key/${owner}`, SEED_LENGTH));
  const [x, y] = coordinates(p256.getPublicKey(scalar, false));
  const d = Buffer.from(scalar).toString("base64url");
  const privateKey = createPrivateKey({ key: { kty: "EC", crv: "P-256", d, x, y }, format: "jwk" });
  const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const publicKeyInfo = AsnParser.parse(spki, SubjectPublicKeyInfo);
  const identifier = createHash("sha1").update(new Uint8Array(publicKeyInfo.subjectPublicKey)).digest();
  return { scalar, privateKey, publicKeyInfo, identifier: new OctetString(exactBuffer(identifier)) };
}

function coordinates(uncompressed: Uint8Array): [string, string] {
  const encode = (from: number) => Buffer.from(uncompressed.subarray(from, from + 32)).toString("base64url");
  return [encode(1), encode(33)];
}

function certificate(root: string, name: string, subject: KeyPair, issuer: KeyPair, extensions: Extension[]): string {
  const signatureAlgorithm = new AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 });
  const content = new TBSCertificate({
    version: Version.v3,
    serialNumber: new ArrayBuffer(0),
    signature: signatureAlgorithm,
    issuer: commonName(AUTHORITY),
    validity: new Validity(VALIDITY),
    subject: commonName(name),
    subjectPublicKeyInfo: subject.publicKeyInfo,
    extensions: new Extensions(extensions),
  });
  // A serial number for each content: clients refuse two certificates of one authority that share it.
  content.serialNumber = serialNumber(root, AsnSerializer.serialize(content));
  const tbsCertificate = AsnSerializer.serialize(content);
  const signature = p256.sign(new Uint8Array(tbsCertificate), issuer.scalar, { format: "der", lowS: false });
  return pem(
    AsnSerializer.serialize(
      new Certificate({ tbsCertificate: content, signatureAlgorithm, signatureValue: exactBuffer(signature) }),
    ),
  );
}

function serialNumber(root: string, content: ArrayBuffer): ArrayBuffer {
  const digest = createHash("sha256").update(new Uint8Array(content)).digest("hex");
  const bytes = derivedBytes(root, `serial/${digest}`, SERIAL_LENGTH);
  // Positive, and as long as it is written: the first byte between 0x40 and 0x7f.
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40;
  return exactBuffer(bytes);
}

function extension(extnID: string, value: object, critical = false): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnSerializer.serialize(value)) });
}

function commonName(name: string): Name {
  const value = new AttributeValue({ utf8String: `pyairtable-monitoring ${name}` });
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: COMMON_NAME, value })])]);
}

function pem(der: ArrayBuffer): string {
  const lines = Buffer.from(der)
    .toString("base64")
    .match(/.{1,64}/g) as string[];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

/** A buffer of these bytes alone: small ones of Node lie in a larger buffer that they share. */
function exactBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
