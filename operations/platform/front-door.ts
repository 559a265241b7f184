import https from "node:https";
import { rootCertificates } from "node:tls";

import type { ResolvedOutputs } from "../../components/stack-outputs";
import { openPassage, type Passage, type PassedOn } from "./passage";

type FrontDoor = NonNullable<ResolvedOutputs["frontDoor"]>;

/**
 * Opens a passage through a stack's front door: requests get TLS and the front door's login, unless they bring one.
 *
 * @param url of the program, as the stack's outputs have it.
 */
export function passThroughFrontDoor(door: FrontDoor, url: string): Promise<Passage> {
  return openPassage((request) => send(door, url, request), "the front door does not answer");
}

function send({ address, user, password, authority }: FrontDoor, url: string, { path, method, headers }: PassedOn) {
  const { host, hostname: servername } = new URL(url);
  const to = new URL(`tcp://${address}`);
  const login = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  return https.request({
    host: to.hostname.replace(/^\[|\]$/g, ""),
    port: to.port,
    servername,
    path,
    method,
    headers: { authorization: login, ...headers, host },
    // A certificate that was given is trusted as it stands: its authority need not be one that Node knows.
    ...(authority === null ? {} : { ca: [authority, ...rootCertificates], allowPartialTrustChain: true }),
  });
}
