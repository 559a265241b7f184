import { writeFile } from "node:fs/promises";
import path from "node:path";

import { runCommand } from "../command";

/** A certificate and its key, as files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const DAYS = "30";

async function openssl(...commandArguments: string[]): Promise<void> {
  const result = await runCommand("openssl", commandArguments);
  if (result.missing)
    throw new Error("the test cluster needs openssl for its certificates: install the package openssl");
  if (!result.succeeded) throw new Error(`openssl ${commandArguments[0] ?? ""} failed: ${result.output}`);
}

function newKey(file: string): Promise<void> {
  return openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", file);
}

/** A certificate authority in a folder, and the certificates that it signs. */
export class Authority {
  public readonly cert: string;
  private readonly key: string;

  public constructor(private readonly folder: string) {
    this.cert = path.join(folder, "ca.crt");
    this.key = path.join(folder, "ca.key");
  }

  public async create(): Promise<void> {
    await newKey(this.key);
    const subject = ["-subj", "/CN=test-cluster-ca", "-days", DAYS];
    const extensions = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"];
    await openssl("req", "-x509", "-new", "-key", this.key, "-out", this.cert, ...subject, ...extensions);
  }

  /** @param subject as openssl writes it, such as `/O=system:masters/CN=admin`. */
  public async sign(name: string, subject: string, alternativeNames?: string): Promise<Certificate> {
    const file = (extension: string): string => path.join(this.folder, `${name}.${extension}`);
    const usage = alternativeNames ? `serverAuth\nsubjectAltName=${alternativeNames}` : "clientAuth";
    await writeFile(file("ext"), `basicConstraints=CA:FALSE\nextendedKeyUsage=${usage}\n`);
    await newKey(file("key"));
    await openssl("req", "-new", "-key", file("key"), "-subj", subject, "-out", file("csr"));
    const authority = ["-CA", this.cert, "-CAkey", this.key, "-CAserial", file("srl"), "-CAcreateserial"];
    const output = ["-in", file("csr"), "-out", file("crt"), "-days", DAYS, "-extfile", file("ext")];
    await openssl("x509", "-req", ...authority, ...output);
    return { cert: file("crt"), key: file("key") };
  }

  /** A key pair by which service accounts' tokens are signed. */
  public async keyPair(name: string): Promise<{ readonly key: string; readonly publicKey: string }> {
    const key = path.join(this.folder, `${name}.key`);
    const publicKey = path.join(this.folder, `${name}.pub`);
    await newKey(key);
    await openssl("pkey", "-in", key, "-pubout", "-out", publicKey);
    return { key, publicKey };
  }
}
