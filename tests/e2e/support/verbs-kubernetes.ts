import { copyFile } from "node:fs/promises";
import path from "node:path";

import { dump, load } from "js-yaml";

import type { Cluster } from "../../../toolchain/cluster";
import type { KubernetesClient, KubeObject } from "../../../toolchain/plugins/kubernetes/client";
import type { ClusterView } from "./cluster-objects";
import { getJson } from "./eventually";
import { Checkout, type Ended, type Verified } from "./verbs";

/** A checkout whose stack is on a cluster, with a kubeconfig of its own that a test may change. */
export class ClusterCheckout {
  private constructor(
    readonly checkout: Checkout,
    readonly kubeconfig: string,
  ) {}

  static async create(
    state: string,
    { kubeconfig, context }: Pick<Cluster, "kubeconfig" | "context">,
    more: Record<string, unknown> = {},
  ): Promise<ClusterCheckout> {
    const own = path.join(path.dirname(kubeconfig), "operator.kubeconfig");
    await copyFile(kubeconfig, own);
    const settings = { platform: "kubernetes", kubeconfig: own, kubernetesContext: context, ...more };
    return new ClusterCheckout(await Checkout.create(state, settings), own);
  }

  get stack(): string {
    return this.checkout.stack;
  }

  run(...args: readonly string[]): Promise<Ended> {
    return this.checkout.run(...args);
  }

  pulumi(...args: readonly string[]): Promise<Ended> {
    return this.checkout.pulumi(...args);
  }

  remove(): Promise<void> {
    return this.checkout.remove();
  }

  /** What the stack has left on the cluster. What is on its way out counts as gone. */
  async leftovers(view: ClusterView) {
    const { stack } = this.checkout;
    const own = ({ metadata }: KubeObject) => metadata.labels?.["app.kubernetes.io/instance"] === stack;
    const names = (objects: readonly KubeObject[]) => objects.map(({ metadata }) => metadata.name).sort();
    const all = await view.list("/api/v1/namespaces");
    const namespaces = all.filter(({ metadata }) => metadata.name === stack || metadata.name === `${stack}-agents`);
    type Volume = KubeObject & { readonly spec: { readonly claimRef?: { readonly namespace: string } } };
    const volumes = await view.list<Volume>("/api/v1/persistentvolumes");
    const rbac = "/apis/rbac.authorization.k8s.io/v1";
    const [roles, bindings] = await Promise.all(
      ["clusterroles", "clusterrolebindings"].map((plural) => view.list(`${rbac}/${plural}`)),
    );
    return {
      namespaces: names(namespaces),
      volumes: names(volumes.filter(({ spec }) => spec.claimRef?.namespace === stack)),
      clusterWide: names([...(roles ?? []), ...(bindings ?? [])].filter(own)),
    };
  }
}

/** The kubeconfig of a user who is known to the cluster and may do nothing there. */
export async function withoutRights(client: KubernetesClient, kubeconfig: string): Promise<string> {
  const accounts = "/api/v1/namespaces/default/serviceaccounts";
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "nobody" } };
  await client.call("POST", accounts, { body: account });
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} };
  const { status } = await client.call<{ status: { token: string } }>("POST", `${accounts}/nobody/token`, {
    body: request,
  });
  const config = load(kubeconfig) as { users: { name: string; user: object }[] };
  for (const entry of config.users) entry.user = { token: status.token };
  return dump(config);
}

/** What the stores have of what a verification sent, and which silences there are. */
export async function signalsOf({ id, value }: Verified["probe"], reach: (program: string) => Promise<string>) {
  const [prometheus, jaeger, loki, alertmanager] = await Promise.all(
    ["prometheus", "jaeger", "loki", "alertmanager"].map(reach),
  );
  const metric = encodeURIComponent(`monitoring_verify == ${value}`);
  const line = encodeURIComponent(`{service_name="monitoring-verify"} |= "${id}"`);
  type Found = { readonly data: { readonly result: readonly unknown[] } };
  const [samples, traces, lines, silences] = await Promise.all([
    getJson<Found>(`${prometheus}/api/v1/query?query=${metric}&time=${value / 1_000 + 5}`),
    getJson<{ data: unknown[] }>(`${jaeger}/api/traces/${id}`).catch(() => ({ data: [] })),
    getJson<Found>(`${loki}/loki/api/v1/query_range?query=${line}&since=1h`),
    getJson<{ comment: string }[]>(`${alertmanager}/api/v2/silences`),
  ]);
  return {
    samples: samples.data.result.length,
    traces: traces.data.length,
    lines: lines.data.result.length,
    silences: silences.map(({ comment }) => comment),
  };
}
