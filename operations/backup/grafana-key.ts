import { randomBytes, scryptSync } from "node:crypto";

import type { ResolvedOutputs } from "../../components/stack-outputs";
import type { GrafanaKeyPrint, Manifest } from "./manifest";

/** Bytes of the salt and of the hash. */
const LENGTH = 16;

/** What tells whether another key is the same, without the key. Takes 50 ms (scrypt), since a person may have chosen it. */
export function printOf(key: string, salt = randomBytes(LENGTH).toString("hex")): GrafanaKeyPrint {
  return { salt, hash: scryptSync(key, salt, LENGTH).toString("hex") };
}

/** What Grafana can not read after a restore, and how it could; nothing where the stack has the backup's key. */
export function unreadableLines(
  { volumes, grafanaKey }: Pick<Manifest, "volumes" | "grafanaKey">,
  { grafanaSecretKey }: Partial<Pick<ResolvedOutputs, "grafanaSecretKey">>,
): string[] {
  if (grafanaKey === undefined || grafanaSecretKey === undefined) return [];
  if (!volumes.some(({ program }) => program === "grafana")) return [];
  if (printOf(grafanaSecretKey, grafanaKey.salt).hash === grafanaKey.hash) return [];
  return [
    "not readable here: passwords of data sources that people added in Grafana, since the stack's key is not the one that they " +
      "were encrypted with. If you have that one, give it to the stack first: pulumi config set --secret grafanaSecretKey   and deploy",
  ];
}
