/** Starts a test cluster, says where its kubeconfig is, and stops it on Ctrl-C. */
import { Command, InvalidArgumentError } from "commander";

import { startCluster } from ".";

function count(text: string): number {
  const nodes = Number(text);
  if (!Number.isInteger(nodes) || nodes < 1) throw new InvalidArgumentError("give a whole number of 1 or more");
  return nodes;
}

async function run(nodes: number): Promise<void> {
  const started = Date.now();
  const cluster = await startCluster({ nodes, report: (message) => process.stderr.write(`${message}\n`) });
  process.stderr.write(`ready after ${((Date.now() - started) / 1000).toFixed(1)} s; Ctrl-C stops it\n`);
  process.stdout.write(`${cluster.kubeconfig}\n`);
  const keepAlive = setInterval(() => undefined, 60_000);
  const stop = (): void => {
    clearInterval(keepAlive);
    void cluster.stop();
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
}

new Command("cluster")
  .description("a Kubernetes cluster for tests, with simulated nodes")
  .option("--nodes <count>", "how many nodes", count, 3)
  .action(({ nodes }: { nodes: number }) => run(nodes))
  .parseAsync()
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
