import { X509Certificate } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { connect, createServer, type ConnectionOptions, type TlsOptions } from "node:tls";

import { describe, expect, it, onTestFinished } from "vitest";

import { authorityCertificate, programCertificate } from "../../components/certificates";
import { runCommand } from "../../toolchain/command";

const ROOT = "a root secret";
const OTHER = "another root secret";
const HOSTS = ["elasticsearch", "elasticsearch-0.elasticsearch-replicas"];

const authority = authorityCertificate(ROOT);
const program = programCertificate(ROOT, "elasticsearch", HOSTS);

/** What a client of a server with this identity ends with: the name of the error, or `ok`. */
async function handshake(server: TlsOptions, client: ConnectionOptions): Promise<string> {
  const listening = createServer(server, (socket) => socket.end("hello"));
  onTestFinished(() => void listening.close());
  listening.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const { port } = listening.address() as AddressInfo;
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, ...client });
    socket.on("data", () => resolve("ok"));
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.on("end", () => resolve("ended"));
  });
}

describe("certificates", () => {
  it("are the same bytes for the same root", () => {
    expect(authorityCertificate(ROOT)).toBe(authority);
    expect(programCertificate(ROOT, "elasticsearch", HOSTS)).toEqual(program);
  });

  it("are others for another root, another program, and other names", () => {
    const others = [
      programCertificate(OTHER, "elasticsearch", HOSTS),
      programCertificate(ROOT, "logstash", HOSTS),
      programCertificate(ROOT, "elasticsearch", ["elasticsearch"]),
    ];
    const certificates = [program, ...others].map(({ certificate }) => new X509Certificate(certificate));
    expect(new Set(certificates.map(({ serialNumber }) => serialNumber)).size).toBe(4);
    // Only the names are other in the last: the key stays.
    expect(new Set([program, ...others].map(({ key }) => key)).size).toBe(3);
    expect(authorityCertificate(OTHER)).not.toBe(authority);
  });

  it("say whose they are, for which names and for how long", () => {
    const parsed = new X509Certificate(program.certificate);
    expect(parsed.subject).toBe("CN=pyairtable-monitoring elasticsearch");
    expect(parsed.issuer).toBe("CN=pyairtable-monitoring authority");
    expect(parsed.subjectAltName).toBe(
      "DNS:elasticsearch, DNS:elasticsearch-0.elasticsearch-replicas, DNS:localhost, IP Address:127.0.0.1",
    );
    expect(parsed.validFrom).toBe("Jan  1 00:00:00 2025 GMT");
    expect(parsed.validTo).toBe("Jan  1 00:00:00 2045 GMT");
    expect(parsed.ca).toBe(false);
    expect(new X509Certificate(authority).ca).toBe(true);
  });

  it("are taken by openssl under its strict rules", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "certificates-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const files = { authority: "ca.crt", other: "other.crt", leaf: "leaf.crt" };
    await writeFile(path.join(folder, files.authority), authority);
    await writeFile(path.join(folder, files.other), authorityCertificate(OTHER));
    await writeFile(path.join(folder, files.leaf), program.certificate);
    const verify = (trusted: string) =>
      runCommand("openssl", ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", trusted, files.leaf], {
        cwd: folder,
      });
    expect((await verify(files.authority)).output).toContain("leaf.crt: OK");
    const refused = await verify(files.other);
    expect(refused.succeeded).toBe(false);
    expect(refused.output).toMatch(/unable to get local issuer certificate|certificate signature failure/);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)("make a %s connection for each of their names", async (version) => {
    const server = { cert: program.certificate, key: program.key };
    for (const servername of [...HOSTS, "localhost"]) {
      const client = { ca: authority, servername, minVersion: version, maxVersion: version };
      expect(await handshake(server, client)).toBe("ok");
    }
  });

  it("are refused for another name, and by who does not know the authority", async () => {
    const server = { cert: program.certificate, key: program.key };
    expect(await handshake(server, { ca: authority, servername: "kibana" })).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
    expect(await handshake(server, { ca: authorityCertificate(OTHER), servername: "elasticsearch" })).not.toBe("ok");
    expect(await handshake(server, { servername: "elasticsearch" })).toMatch(/^UNABLE_TO_/);
  });

  it("show a client's side too, and one of another authority is refused", async () => {
    const server = { cert: program.certificate, key: program.key, ca: authority, requestCert: true };
    const client = (root: string) => {
      const { certificate, key } = programCertificate(root, "filebeat", ["filebeat"]);
      return { ca: authority, servername: "elasticsearch", cert: certificate, key };
    };
    expect(await handshake(server, client(ROOT))).toBe("ok");
    expect(await handshake(server, client(OTHER))).not.toBe("ok");
  });
});
