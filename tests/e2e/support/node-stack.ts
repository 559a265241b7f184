import type { Workspace } from "../../../operations/workspace";
import type { Cluster } from "../../../toolchain/cluster";
import { startRealCluster } from "../../../toolchain/cluster/real-cluster";
import { ClusterView } from "./cluster-objects";
import { NodeAccess, stackImages } from "./real-node";
import { NAMESPACE, SERVICE, serviceObjects } from "./shop";
import { TestStack } from "./test-stack";

/** A cluster with one real node, a service on it, and a stack that watches the service. */
export class NodeStack {
  private constructor(
    private readonly cluster: Cluster,
    readonly view: ClusterView,
    readonly node: NodeAccess,
    readonly stack: TestStack,
  ) {}

  /** Brings all of it up; what was begun is removed when that fails. */
  static async up(workspace: Workspace, settings: Record<string, unknown>): Promise<NodeStack> {
    const cluster = await startRealCluster({ images: stackImages(), report: (message) => console.error(message) });
    const { kubeconfig, context } = cluster;
    const stack = await TestStack.create(workspace, {
      platform: "kubernetes",
      kubeconfig,
      kubernetesContext: context,
      servicesNamespace: NAMESPACE,
      services: [{ name: SERVICE, address: `${SERVICE}:8000` }],
      ...settings,
    }).catch(async (error: unknown) => {
      await cluster.stop();
      throw error;
    });
    const all = new NodeStack(cluster, new ClusterView(kubeconfig), new NodeAccess(kubeconfig), stack);
    try {
      for (const [at, body] of serviceObjects(stack.name)) await all.view.client.call("POST", at, { body });
      await stack.run.capture(["up", "--yes", "--skip-preview", "--suppress-outputs"]);
      return all;
    } catch (error) {
      // They are gone with the node, and say more than what waited for them.
      console.error(await all.node.unready(stack.name).catch(String));
      await all.remove();
      throw error;
    }
  }

  /** What Elasticsearch answers its administrator, asked in its own container. */
  async elasticsearch<T>(path: string, ...options: string[]): Promise<T> {
    const secrets = "/etc/elasticsearch/secrets";
    const curl = `curl -s --cacert ${secrets}/ca.crt -u "elastic:$(cat ${secrets}/elastic-password)"`;
    const ask = `${curl} ${options.join(" ")} "https://elasticsearch:9200${path}"`;
    const { output } = await this.node.exec(this.stack.name, "elasticsearch", ["sh", "-c", ask]);
    return JSON.parse(output) as T;
  }

  async remove(): Promise<void> {
    await this.stack.remove();
    await this.node.close();
    this.view.close();
    await this.cluster.stop();
  }
}
