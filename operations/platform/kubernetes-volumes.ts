import type { Outcome, VolumeUse } from "./client";
import type { ClusterApi } from "./kubernetes-api";
import { outcomeOf } from "./kubernetes-exec";
import { runHelper, type HelperOptions } from "./kubernetes-helper";
import {
  isReady,
  labelled,
  PROGRAM_LABEL,
  quantity,
  RUNNER_KINDS,
  runnersIn,
  STACK_LABEL,
  type Claim,
  type Pod,
  type PodSecurity,
  type Runner,
} from "./kubernetes-objects";
import { podsBy } from "./kubernetes-scale";
import type { Usage } from "./kubernetes-usage";

/** A claim, as a volume's name on the platform has it. */
interface Place {
  readonly namespace: string;
  readonly claim: string;
}

const KIND = "persistentvolumeclaim";

export const handleOf = (namespace: string, claim: string) => `${namespace}/${KIND}/${claim}`;

export function claimOf(volume: string): Place {
  const [namespace = "", kind, claim = ""] = volume.split("/");
  if (kind !== KIND) throw new Error(`${volume} is no volume of a cluster`);
  return { namespace, claim };
}

/** Milliseconds for a look at a volume, from inside its program or beside it. */
const LOOK_MS = 20_000;

/** The volumes of a stack on a cluster. */
export class ClusterVolumes {
  constructor(
    readonly api: ClusterApi,
    readonly stack: string,
    readonly usage: Usage,
  ) {}

  async names(namespaces: readonly string[]): Promise<string[]> {
    const found = await Promise.all(
      namespaces.map(async (namespace) => {
        const claims = await this.api.list<Claim>(`${claimsIn(namespace)}?${labelled({ [STACK_LABEL]: this.stack })}`);
        return claims.map(({ metadata }) => handleOf(namespace, metadata.name));
      }),
    );
    return found.flat().sort();
  }

  /** How a helper comes to a volume: as the user whose files are there, and on the node that has it mounted. */
  async mount(volume: string): Promise<Omit<HelperOptions, "script">> {
    const { namespace, claim } = claimOf(volume);
    const found = await this.api.find<Claim>(`${claimsIn(namespace)}/${claim}`);
    if (found === undefined) throw new Error(`there is no claim ${claim} in the namespace ${namespace}`);
    const [runsAs, pod] = await Promise.all([this.#owner(namespace, found), this.#mounter(namespace, claim)]);
    const { stack } = this;
    return { stack, namespace, claim, runsAs, ...(pod?.spec.nodeName ? { node: pod.spec.nodeName } : {}) };
  }

  async use(volumes: readonly string[]): Promise<VolumeUse[]> {
    const seen = await Promise.all(volumes.map((volume) => this.#useOf(volume).catch(() => undefined)));
    return seen.filter((use) => use !== undefined);
  }

  /** Asked inside the program where it has a shell; else its node says; else a helper looks. */
  async #useOf(volume: string): Promise<VolumeUse | undefined> {
    const { namespace, claim } = claimOf(volume);
    const pod = await this.#mounter(namespace, claim);
    if (pod !== undefined && isReady(pod)) {
      const inside = await this.#askInside(volume, pod, claim).catch(() => undefined);
      if (inside !== undefined) return inside;
      const measured = await this.usage.volume(volume, pod, claim);
      if (measured !== undefined && (await this.#isWhole(namespace, claim, measured))) return measured;
    }
    const mount = await this.mount(volume);
    const look = { ...mount, readOnly: true, script: lookAt("/data"), patience: LOOK_MS };
    const looked = await runHelper(this.api, look);
    return useIn(volume, mount.node, looked);
  }

  /** Whether what a node measured is the claim's alone: of a folder of its own disk it gives the whole disk's numbers. */
  async #isWhole(namespace: string, claim: string, { total }: VolumeUse): Promise<boolean> {
    const { spec } = await this.api.get<Claim>(`${claimsIn(namespace)}/${claim}`);
    return total <= 2 * (quantity(spec.resources?.requests?.storage ?? "") ?? 0);
  }

  async #askInside(volume: string, pod: Pod, claim: string): Promise<VolumeUse | undefined> {
    const name = pod.spec.volumes?.find(({ persistentVolumeClaim: of }) => of?.claimName === claim)?.name;
    const container = pod.spec.containers.find(({ volumeMounts = [] }) => volumeMounts.some((at) => at.name === name));
    const path = container?.volumeMounts?.find((at) => at.name === name)?.mountPath;
    if (container === undefined || path === undefined) return undefined;
    const target = { namespace: pod.metadata.namespace ?? "", pod: pod.metadata.name, container: container.name };
    const looked = await outcomeOf(this.api, target, ["sh", "-c", lookAt(path)], LOOK_MS);
    return useIn(volume, pod.spec.nodeName, looked);
  }

  /** The pod that has a claim mounted now. */
  async #mounter(namespace: string, claim: string): Promise<Pod | undefined> {
    const pods = await podsBy(this.api, namespace, { [STACK_LABEL]: this.stack });
    const isMounted = ({ spec }: Pod) =>
      spec.volumes?.some(({ persistentVolumeClaim: of }) => of?.claimName === claim) ?? false;
    return pods.find((pod) => isMounted(pod) && pod.status?.phase === "Running");
  }

  /**
   * The user and groups of the program whose claim it is.
   *
   * @throws Error when the program is not there: then nobody knows whose files the volume holds.
   */
  async #owner(namespace: string, { metadata }: Claim): Promise<PodSecurity> {
    const program = metadata.labels?.[PROGRAM_LABEL] ?? "";
    for (const kind of RUNNER_KINDS) {
      const runner = await this.api.find<Runner>(`${runnersIn(namespace, kind)}/${program}`);
      const security = runner?.spec.template?.spec.securityContext;
      if (security !== undefined) return security;
    }
    throw new Error(`${metadata.name} belongs to ${program}, which the namespace ${namespace} does not have`);
  }
}

export function claimsIn(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/${KIND}s`;
}

/** What a folder holds and what its disk has left, in KiB. What a program removes meanwhile makes `du` fail. */
function lookAt(folder: string): string {
  return `u=$(du -sk ${folder} 2>/dev/null); echo "\${u%%[!0-9]*} $(df -Pk ${folder} | tail -n 1)"`;
}

/**
 * One line: the size that `du` says, and the line of `df`. Nothing where it is another one.
 *
 * @param node whose disk of that name it is.
 */
export function useIn(volume: string, node: string | undefined, { output }: Outcome): VolumeUse | undefined {
  const [, used, disk, total, free] = /^(\d+) (\S+) +(\d+) +\d+ +(-?\d+) /m.exec(output) ?? [];
  if (used === undefined || disk === undefined) return undefined;
  const bytes = (kibibytes: string | undefined) => Math.max(0, Number(kibibytes)) * 1_024;
  return { volume, disk: `${node ?? ""}:${disk}`, used: bytes(used), total: bytes(total), free: bytes(free) };
}
