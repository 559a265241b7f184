import { readFile, writeFile } from "node:fs/promises";

import { dump } from "js-yaml";

import type { Certificate } from "./certificates";

/** The name of the context, the cluster and the user in the kubeconfig. */
export const CONTEXT = "test-cluster";

/** Writes a kubeconfig that needs no other file. */
export async function writeKubeconfig(
  file: string,
  server: string,
  authority: string,
  user: Certificate,
): Promise<string> {
  const [ca, cert, key] = await Promise.all(
    [authority, user.cert, user.key].map(async (source) => (await readFile(source)).toString("base64")),
  );
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": CONTEXT,
    clusters: [{ name: CONTEXT, cluster: { server, "certificate-authority-data": ca } }],
    users: [{ name: CONTEXT, user: { "client-certificate-data": cert, "client-key-data": key } }],
    contexts: [{ name: CONTEXT, context: { cluster: CONTEXT, user: CONTEXT } }],
  };
  await writeFile(file, dump(config), { mode: 0o600 });
  return file;
}
