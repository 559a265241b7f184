import { createPrivateKey, X509Certificate } from "node:crypto";

import { OPTIONAL_PORTS } from "./defaults";
import type { Unless } from "./cross-checks";
import { missingFor, type Problem } from "./problems";
import type { Values } from "./schema";

const SECRETS = ["frontDoorPassword", "frontDoorCertificate", "frontDoorKey", "otlpToken"] as const;

/** What the front door needs of other keys, and what it leaves no room for. */
export function frontDoorChecks(unless: Unless): Problem[] {
  return [
    ...unless(["frontDoor", ...SECRETS], withoutDomain),
    ...unless(["frontDoor", "ports", "platform"], otherEntrances),
    ...unless(["frontDoor", "ingress", "platform"], otherDomain),
    ...unless(["frontDoorCertificate", "frontDoorKey"], halfIdentity),
    ...unless(["frontDoor", "ingress", "frontDoorCertificate", "frontDoorKey"], unfitIdentity),
  ];
}

function withoutDomain(values: Values): Problem[] {
  const given = [
    ...Object.keys(values.frontDoor).map((key) => `frontDoor.${key}`),
    ...SECRETS.filter((key) => values[key] !== undefined),
  ];
  if (values.frontDoor.domain !== undefined || given.length === 0) return [];
  return [missingFor("a front door", given.join(" and "), "frontDoor.domain", "--path ")];
}

/** A published port of OTLP asks for no token and has no TLS: a second entrance beside the one that has both. */
function otherEntrances({ frontDoor, ports, platform }: Values): Problem[] {
  if (frontDoor.domain === undefined || platform !== "docker") return [];
  return OPTIONAL_PORTS.filter((name) => ports[name] !== undefined).map((name) => ({
    key: `ports.${name}`,
    got: `${ports[name]}, beside a front door`,
    expected: "no other published port: the front door takes OTLP in at otlp.<domain> with the token otlpToken",
    fix: `Remove it with: pulumi config rm --path ports.${name}   and set a token with: pulumi config set --secret otlpToken`,
  }));
}

function otherDomain({ frontDoor, ingress, platform }: Values): Problem[] {
  const { domain } = frontDoor;
  if (domain === undefined || platform !== "kubernetes" || ingress.domain === undefined || domain === ingress.domain) {
    return [];
  }
  return [
    {
      key: "frontDoor.domain",
      got: `"${domain}", and ingress.domain is "${ingress.domain}"`,
      expected: "the same domain, since the ingress leads to the front door",
      fix: `Change it with: pulumi config set --path frontDoor.domain ${ingress.domain}`,
    },
  ];
}

function halfIdentity({ frontDoorCertificate: certificate, frontDoorKey: key }: Values): Problem[] {
  if ((certificate === undefined) === (key === undefined)) return [];
  return certificate === undefined
    ? [missingFor("a certificate of your own", "frontDoorKey", "frontDoorCertificate", "--secret ")]
    : [missingFor("a certificate of your own", "frontDoorCertificate", "frontDoorKey", "--secret ")];
}

/** A certificate that browsers would refuse, or that nobody would see. */
function unfitIdentity({ frontDoor, ingress, frontDoorCertificate, frontDoorKey }: Values): Problem[] {
  const { domain } = frontDoor;
  if (domain === undefined || frontDoorCertificate === undefined || frontDoorKey === undefined) return [];
  const refuse = (key: string, expected: string, fix = `Change it with: pulumi config set --secret ${key}`) => [
    { key, got: "a value that is not shown, since it is a secret", expected, fix },
  ];
  if (ingress.domain !== undefined) {
    const fix = "Remove both with: pulumi config rm frontDoorCertificate; pulumi config rm frontDoorKey";
    return refuse("frontDoorCertificate", "none: people see the ingress's certificate, in its ingress.tlsSecret", fix);
  }
  const certificate = parsed(() => new X509Certificate(frontDoorCertificate));
  const key = parsed(() => createPrivateKey(frontDoorKey));
  if (certificate === undefined) return refuse("frontDoorCertificate", "a certificate as PEM that can be read");
  if (key === undefined) return refuse("frontDoorKey", "a private key as PEM without a passphrase");
  if (!certificate.checkPrivateKey(key)) return refuse("frontDoorKey", "the key of frontDoorCertificate");
  if (certificate.checkHost(`grafana.${domain}`) !== undefined) return [];
  // Clients take no wildcard below a name without dots.
  const such = domain.includes(".") ? `*.${domain}` : `each of them, such as grafana.${domain}`;
  return refuse("frontDoorCertificate", `a certificate for the names below ${domain}, such as one for ${such}`);
}

function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
