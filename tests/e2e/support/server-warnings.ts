/** What the API server itself warns of, in a header that neither plugin shows. */
import https from "node:https";

import type { KubernetesClient, KubeObject } from "../../../toolchain/plugins/kubernetes/client";
import { clusterConnection } from "../../../toolchain/plugins/kubernetes/kubeconfig";

/** Where the API has the namespaced kinds that the adapter makes and that can be given back as they are. */
const KINDS = [
  ["/apis/apps/v1", "deployments"],
  ["/apis/apps/v1", "statefulsets"],
  ["/apis/apps/v1", "daemonsets"],
  ["/apis/batch/v1", "jobs"],
  ["/apis/batch/v1", "cronjobs"],
  ["/apis/networking.k8s.io/v1", "networkpolicies"],
  ["/apis/networking.k8s.io/v1", "ingresses"],
  ["/apis/policy/v1", "poddisruptionbudgets"],
  ["/api/v1", "services"],
  ["/api/v1", "configmaps"],
  ["/api/v1", "secrets"],
  ["/api/v1", "serviceaccounts"],
  ["/api/v1", "persistentvolumeclaims"],
] as const;

/** Gives every object of these namespaces back to the server without writing it: their names, and what it warns of. */
export async function serverWarnings(kubeconfig: string, client: KubernetesClient, namespaces: readonly string[]) {
  const seen: string[] = [];
  const warnings: string[] = [];
  for (const namespace of namespaces) {
    for (const [api, plural] of KINDS) {
      const folder = `${api}/namespaces/${namespace}/${plural}`;
      const { items } = await client.call<{ items: KubeObject[] }>("GET", folder);
      for (const { metadata } of items) {
        // Read at the last moment, since controllers write to it as well.
        const object = await client.call<KubeObject>("GET", `${folder}/${metadata.name}`);
        seen.push(metadata.name);
        warnings.push(...(await warningsOf(kubeconfig, folder, object)));
      }
    }
  }
  return { seen, warnings };
}

function warningsOf(kubeconfig: string, folder: string, object: KubeObject): Promise<string[]> {
  const { server, ca, cert, key } = clusterConnection({ kubeconfig });
  const name = `${object.kind} ${object.metadata.name}`;
  const url = `${server}${folder}/${object.metadata.name}?dryRun=All&fieldValidation=Strict`;
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    const request = https.request(url, { method: "PUT", ca, cert, key, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const { warning = "" } = response.headers;
        if (response.statusCode === 200) resolve(warning === "" ? [] : [`${name}: ${warning}`]);
        else reject(new Error(`${name}: HTTP status ${response.statusCode}: ${Buffer.concat(chunks).toString()}`));
      });
    });
    request.on("error", reject);
    request.end(JSON.stringify({ ...object, metadata: { ...object.metadata, managedFields: undefined } }));
  });
}
