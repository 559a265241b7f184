import type { Readable } from "node:stream";

import type { ProgramOutput, ResolvedOutputs } from "../../components/stack-outputs";
import { UsageError } from "../fail";
import type { LogOptions, Outcome, PlatformClient, Post, ProgramState, VolumeUse } from "./client";
import { ClusterApi } from "./kubernetes-api";
import { readVolume, writeVolume } from "./kubernetes-copy";
import { outcomeOf } from "./kubernetes-exec";
import { forward, type PodPort } from "./kubernetes-forward";
import { runHelper } from "./kubernetes-helper";
import { podLogs } from "./kubernetes-logs";
import { isReady, placeOf, PROGRAM_LABEL, STACK_LABEL, type Place, type Pod, type Runner } from "./kubernetes-objects";
import { removeRemains } from "./kubernetes-removal";
import { podsBy, scaleDown, scaleUp } from "./kubernetes-scale";
import { stateOf } from "./kubernetes-state";
import { Usage } from "./kubernetes-usage";
import { ClusterVolumes } from "./kubernetes-volumes";
import type { Passage } from "./passage";
import { postOutcomes, postScript } from "./posts";

/** A network policy lets a new pod's address in a moment after the pod has begun. */
const POST_ATTEMPTS = 10;

/** A stack, as far as its place on a cluster is concerned. */
type Stack = Pick<ResolvedOutputs, "name" | "services" | "cluster">;

/** A stack on a cluster. Whatever must happen beside a program runs in a short-lived pod. */
export class KubernetesClient implements PlatformClient {
  readonly #passages = new Map<string, Promise<Passage>>();
  readonly #usage: Usage;
  readonly #volumes: ClusterVolumes;

  private constructor(
    readonly api: ClusterApi,
    readonly stack: string,
    readonly namespaces: readonly string[],
    readonly servicesNamespace: string,
  ) {
    this.#usage = new Usage(api);
    this.#volumes = new ClusterVolumes(api, stack, this.#usage);
  }

  /** @throws UsageError when the cluster does not answer, or not to this user. */
  static async connect({ name, services, cluster }: Stack): Promise<KubernetesClient> {
    if (cluster === undefined) {
      throw new UsageError(`the outputs do not say where the stack is; run: npx monitoring deploy`);
    }
    return new KubernetesClient(await ClusterApi.open(cluster), name, cluster.namespaces, services.network);
  }

  async state(program: ProgramOutput): Promise<ProgramState> {
    const place = placeOf(program);
    const [runner, pods] = await Promise.all([this.api.find<Runner>(place.path), this.#pods(place)]);
    return stateOf(place, runner, pods);
  }

  async memory(program: ProgramOutput): Promise<number | undefined> {
    const place = placeOf(program);
    return this.#usage.memory(place.namespace, this.#labels(place), await this.#pods(place));
  }

  async reach(program: ProgramOutput): Promise<string> {
    const { name, port } = program;
    if (port === null) throw new Error(`${name} answers nobody over HTTP`);
    const open = this.#passages.get(name) ?? forward(this.api, () => this.#podPort(program, port));
    this.#passages.set(name, open);
    return (await open).url;
  }

  async exec(program: ProgramOutput, command: readonly string[]): Promise<Outcome> {
    const place = placeOf(program);
    const target = { namespace: place.namespace, pod: await this.#readyPod(place), container: place.name };
    return outcomeOf(this.api, target, command);
  }

  /** A port-forward would be let past the policies that a service meets, so a pod beside the services sends. */
  async postAsService(posts: readonly Post[]): Promise<Outcome[]> {
    const namespace = this.servicesNamespace;
    if ((await this.api.find(`/api/v1/namespaces/${namespace}`)) === undefined) {
      throw new Error(
        `the services' namespace ${namespace} does not exist; run: kubectl create namespace ${namespace}`,
      );
    }
    const script = postScript(posts, POST_ATTEMPTS);
    const { output } = await runHelper(this.api, { stack: this.stack, namespace, script });
    return postOutcomes(posts, output);
  }

  async logs(program: ProgramOutput, options: LogOptions, line: (text: string) => void): Promise<void> {
    const place = placeOf(program);
    await podLogs({ api: this.api, container: place.name, pods: () => this.#pods(place) }, options, line);
  }

  stop(program: ProgramOutput): Promise<void> {
    return scaleDown(this.api, placeOf(program), (place) => this.#pods(place));
  }

  start(program: ProgramOutput): Promise<void> {
    return scaleUp(this.api, placeOf(program), (place) => this.#pods(place));
  }

  volumes(): Promise<string[]> {
    return this.#volumes.names(this.namespaces);
  }

  use(volumes: readonly string[]): Promise<VolumeUse[]> {
    return this.#volumes.use(volumes);
  }

  async read(volume: string): Promise<Readable> {
    return readVolume(this.api, await this.#volumes.mount(volume));
  }

  async write(volume: string, folder: string, content: Readable): Promise<void> {
    await writeVolume(this.api, await this.#volumes.mount(volume), folder, content);
  }

  async inVolume(volume: string, script: string): Promise<string> {
    const mount = await this.#volumes.mount(volume);
    const { succeeded, output } = await runHelper(this.api, { ...mount, script: `cd /data\n${script}` });
    if (!succeeded) throw new Error(`in the volume ${volume}: ${output.trim()}`);
    return output;
  }

  removeAll(): Promise<void> {
    const { stack, namespaces, servicesNamespace } = this;
    return removeRemains(this.api, { stack, namespaces, servicesNamespace }, (message) => console.error(message));
  }

  async close(): Promise<void> {
    for (const passage of this.#passages.values()) (await passage).close();
    this.api.close();
  }

  #labels({ name }: Place): Record<string, string> {
    return { [PROGRAM_LABEL]: name, [STACK_LABEL]: this.stack };
  }

  #pods(place: Place): Promise<readonly Pod[]> {
    return podsBy(this.api, place.namespace, this.#labels(place));
  }

  async #podPort(program: ProgramOutput, port: number): Promise<PodPort> {
    const place = placeOf(program);
    return { namespace: place.namespace, pod: await this.#readyPod(place), port };
  }

  async #readyPod(place: Place): Promise<string> {
    const pod = (await this.#pods(place)).find(isReady);
    if (pod === undefined) throw new Error(`no copy of ${place.name} is ready`);
    return pod.metadata.name;
  }
}
