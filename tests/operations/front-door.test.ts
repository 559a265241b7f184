import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";

import { afterEach, describe, expect, it } from "vitest";

import { authorityCertificate, programCertificate } from "../../components/certificates";
import { DockerClient } from "../../operations/platform/docker";
import { programOf } from "./support/folder-client";

const URL_OF_GRAFANA = "https://grafana.watch.example.org:8443";
const OWN = programCertificate("a company's root", "front-door", ["grafana.watch.example.org"]);
const LOGIN = `Basic ${Buffer.from("ops:correct horse").toString("base64")}`;

let server: Server;
let seen: { url?: string; host?: string; authorization?: string }[];

/** A front door on this machine that shows the certificate, as the outputs of its stack have it. */
async function doorWith({ certificate, key }: typeof OWN, authority: string | null) {
  seen = [];
  server = createServer({ cert: certificate, key }, ({ url, headers: { host, authorization } }, response) => {
    seen.push({ url, host, authorization });
    response.writeHead(200, { connection: "close" }).end("answer");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { address: `127.0.0.1:${port}`, user: "ops", password: "correct horse", authority };
}

/** Asks a program as the verbs do. */
async function ask(door: Awaited<ReturnType<typeof doorWith>>, url = URL_OF_GRAFANA, headers = {}) {
  const client = new DockerClient(undefined as never, "stack", "network", door);
  const reached = await client.reach({ ...programOf("grafana"), url });
  const answer = await fetch(`${reached}/api/health?x=1`, { headers });
  const text = await answer.text();
  await client.close();
  return { status: answer.status, text };
}

afterEach(() => new Promise<void>((resolve) => void server.close(() => resolve())));

describe("the verbs of a stack on Docker that publishes its front door alone", () => {
  it("come in by its address, with its login, to the program's host", async () => {
    const door = await doorWith(OWN, authorityCertificate("a company's root"));
    expect(await ask(door)).toEqual({ status: 200, text: "answer" });
    expect(seen).toEqual([{ url: "/api/health?x=1", host: "grafana.watch.example.org:8443", authorization: LOGIN }]);
  });

  it("keep the login that a program asks for itself", async () => {
    const door = await doorWith(OWN, authorityCertificate("a company's root"));
    await ask(door, URL_OF_GRAFANA, { authorization: "Basic of-grafana" });
    expect(seen[0]?.authorization).toBe("Basic of-grafana");
  });

  it("know a certificate that was given, whoever signed it", async () => {
    expect(await ask(await doorWith(OWN, OWN.certificate))).toEqual({ status: 200, text: "answer" });
  });

  it.each([
    ["an authority that it is not of", authorityCertificate("another root"), URL_OF_GRAFANA],
    [
      "another certificate",
      programCertificate("x", "front-door", ["grafana.watch.example.org"]).certificate,
      URL_OF_GRAFANA,
    ],
    ["none but the public ones", null, URL_OF_GRAFANA],
    ["another host", OWN.certificate, "https://kibana.watch.example.org:8443"],
  ])("send nothing to one whose certificate does not fit %s", async (_, authority, url) => {
    const { status, text } = await ask(await doorWith(OWN, authority), url);
    expect(status).toBe(502);
    expect(text).toMatch(/^the front door does not answer: /);
    expect(seen).toEqual([]);
  });
});
