/** Starts a test cluster, says where its kubeconfig is, and stops it on Ctrl-C. */
import { Command, InvalidArgumentError } from "commander";

import Docker from "dockerode";

import { images } from "../../components/images";
import { startCluster, type Cluster } from ".";
import { startRealCluster } from "./real-cluster";

function count(text: string): number {
  const nodes = Number(text);
  if (!Number.isInteger(nodes) || nodes < 1) throw new InvalidArgumentError("give a whole number of 1 or more");
  return nodes;
}

interface Options {
  readonly nodes: number;
  readonly real?: boolean;
}

function report(message: string): void {
  process.stderr.write(`${message}\n`);
}

/** A real node gets those of the stack's images that the engine has. */
async function start({ nodes, real }: Options): Promise<Cluster> {
  if (!real) return startCluster({ nodes, report });
  const tags = (await new Docker().listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
  const present = Object.values(images)
    .map(({ reference }) => reference)
    .filter((reference) => tags.includes(reference));
  return startRealCluster({ images: present, report });
}

async function run(options: Options): Promise<void> {
  const started = Date.now();
  const cluster = await start(options);
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
  .description("a Kubernetes cluster for tests, with simulated nodes or a real one")
  .option("--nodes <count>", "how many simulated nodes", count, 3)
  .option("--real", "one real node instead, on which pods run; needs root")
  .action((options: Options) => run(options))
  .parseAsync()
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
