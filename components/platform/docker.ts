import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { images, type Image } from "../images";
import type { Settings } from "../settings/settings";
import { containerArgs, filesArgs, prepareArgs } from "./docker-container";
import { givenInputs } from "./given-inputs";
import { stackLabels } from "./labels";
import { EDGE, segments, type Segment } from "./networks";
import type { Deployed, DeployOptions, Platform } from "./platform";
import { SERVICES, type DataVolume, type Workload } from "./workload";

/**
 * How containers are replaced: the old one goes first, since it holds the name and the ports. `#initerror` is the engine's word
 * for a resource whose creation failed half-way; the provider leaves such a container behind and would take it as good the next
 * time. A change of `tmpfs` it records and does not apply.
 */
const CONTAINER = {
  deleteBeforeReplace: true,
  replaceOnChanges: ["#initerror", "tmpfs"],
  transformations: [givenInputs],
};

interface Network {
  readonly id: pulumi.Output<string>;
  readonly segment: Segment;
}

/** Runs workloads as containers of one Docker engine. */
export class DockerPlatform extends pulumi.ComponentResource implements Platform {
  readonly servicesNetwork: pulumi.Output<string>;

  readonly #name: string;
  readonly #settings: Settings;
  readonly #networks: readonly Network[];
  readonly #images = new Map<string, docker.RemoteImage>();
  readonly #deployed = new Map<string, pulumi.Input<pulumi.Resource>>();

  /** @param workloads every workload that will be deployed: networks follow from who talks to whom. */
  constructor(
    name: string,
    settings: Settings,
    workloads: readonly Workload[],
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("pyairtable:platform:DockerPlatform", name, {}, opts);
    this.#name = name;
    this.#settings = settings;
    this.#networks = segments(workloads)
      .filter(({ members }) => members.length > 0)
      .map((segment) => ({ id: this.#network(segment), segment }));
    this.servicesNetwork = pulumi.output(settings.servicesNetwork ?? `${settings.name}-${SERVICES}`);
    this.registerOutputs({ servicesNetwork: this.servicesNetwork });
  }

  deploy(name: string, workload: Workload, { parent, transform }: DeployOptions): Deployed {
    refuseUnsupported(workload);
    const settings = this.#settings;
    const volumes = (workload.data ?? []).map((data) => ({ data, volume: this.#volume(name, data, parent) }));
    const prepared = volumes
      .filter(({ data }) => needsOwner(workload, data))
      .map(({ data, volume }) => {
        const args = prepareArgs(settings, workload, data, volume.name, this.#image(images.busybox));
        return endedWell(new docker.Container(`${name}-${data.name}-prepare`, args, { parent, ...CONTAINER }));
      });
    const files =
      workload.files &&
      new docker.Container(
        `${name}-files`,
        filesArgs(settings, workload, workload.files, this.#image(images.busybox)),
        {
          parent,
          ...CONTAINER,
          additionalSecretOutputs: workload.files.entries.some(({ secret }) => secret) ? ["uploads"] : [],
        },
      );
    const args = containerArgs({
      settings,
      workload,
      image: this.#image(workload.image),
      networks: this.#networks
        .filter(({ segment }) => segment.members.includes(workload.name))
        .map(({ id, segment }) => ({ id, named: segment.servers.includes(workload.name) })),
      volumes: volumes.map(({ data, volume }) => ({ path: data.path, name: volume.name })),
      filesFrom: files?.id,
    });
    const container = new docker.Container(
      name,
      transform ? (transform({ ...args }) as unknown as docker.ContainerArgs) : args,
      { parent, dependsOn: [...prepared, ...this.#before(workload)], ...CONTAINER },
    );
    this.#deployed.set(workload.name, workload.placement.kind === "once" ? endedWell(container) : container);
    return {
      name: workload.name,
      resource: container,
      handle: `${settings.name}-${workload.name}`,
      image: workload.image.reference,
      urls: Object.fromEntries(workload.ports.map((port) => [port.name, address(settings, workload, port)])),
      healthSeenBy: workload.health.check === "outside" ? "scrape" : "platform",
      data: volumes.map(({ data: { name: dataName, size } }) => ({
        name: dataName,
        handle: `${settings.name}-${dataName}`,
        size,
      })),
    };
  }

  #before({ name, after = [] }: Workload): pulumi.Input<pulumi.Resource>[] {
    return after.map((earlier) => {
      const container = this.#deployed.get(earlier);
      if (container === undefined) throw new Error(`${name} comes after "${earlier}", which is not deployed before it`);
      return container;
    });
  }

  #network(segment: Segment): pulumi.Output<string> {
    const settings = this.#settings;
    if (segment.name === SERVICES && settings.servicesNetwork !== undefined) {
      return pulumi.output(settings.servicesNetwork);
    }
    const network = new docker.Network(
      `${this.#name}-${segment.name}`,
      {
        name: `${settings.name}-${segment.name}`,
        driver: "bridge",
        internal: segment.internal,
        ...(segment.name !== EDGE ? {} : { options: { "com.docker.network.bridge.enable_icc": "false" } }),
        labels: stackLabels(settings.name, segment.name),
      },
      { parent: this, deleteBeforeReplace: true },
    );
    return network.id;
  }

  /** One image resource for each reference, however many workloads use it. It stays on the engine when the stack goes. */
  #image(image: Image): pulumi.Output<string> {
    let resource = this.#images.get(image.reference);
    if (resource === undefined) {
      const short = image.reference.replace(/^.*\//, "").replace(/:.*$/, "");
      resource = new docker.RemoteImage(
        `${this.#name}-image-${short}`,
        { name: image.reference, keepLocally: true },
        { parent: this },
      );
      this.#images.set(image.reference, resource);
    }
    return resource.imageId;
  }

  /**
   * Data outlives the stack: the volume is left on the engine, and the next stack of this name finds it again. One that was made
   * by hand, say to restore a copy, has no labels and the engine gives it none later; without `ignoreChanges` every update would
   * replace it, with all that mounts it, by itself.
   */
  #volume(name: string, data: DataVolume, parent: pulumi.Resource): docker.Volume {
    const settings = this.#settings;
    return new docker.Volume(
      `${name}-${data.name}-data`,
      { name: `${settings.name}-${data.name}`, labels: stackLabels(settings.name, data.name) },
      { parent, retainOnDelete: true, protect: settings.protectData, ignoreChanges: ["labels"] },
    );
  }
}

/**
 * A program that ran to its end, for what comes after it. The provider takes any end for a good one and only notes its code,
 * which fails the run here.
 */
function endedWell(container: docker.Container): pulumi.Output<pulumi.Resource> {
  return pulumi.all([container.exitCode, container.name, container.urn]).apply(([code, name, urn]) => {
    if (!code) return container;
    const retry = `Mend the cause and run it again with: pulumi up --replace '${urn}'`;
    throw new pulumi.ResourceError(
      `${name} ended with exit code ${code}; why, says: docker logs ${name}. ${retry}`,
      container,
      true,
    );
  });
}

function needsOwner({ image, runsAs }: Workload, { path }: DataVolume): boolean {
  return runsAs.uid !== 0 && !(image.ownedPaths ?? []).includes(path);
}

/** What one machine without a cluster's API can not do. */
function refuseUnsupported({ name, placement, placeEnv, clusterAccess, health }: Workload): void {
  const refuse = (what: string) => {
    throw new Error(`${name}: ${what} can not be had on one Docker engine`);
  };
  if (placement.kind === "replicated" && placement.replicas > 1) refuse(`placement of ${placement.replicas} replicas`);
  if (placement.kind === "scheduled") refuse("placement at scheduled times");
  if (Object.keys(placeEnv ?? {}).length > 0) refuse("placeEnv, facts of the place where a copy runs,");
  if ((clusterAccess ?? []).length > 0) refuse("clusterAccess");
  if (health.check === "wget" && health.path === undefined) refuse("a health check by wget without a path");
}

function address(settings: Settings, { name }: Workload, { number, reach }: Workload["ports"][number]): string {
  const published = "published" in reach ? reach.published : undefined;
  if (published === undefined) return `http://${name}:${number}`;
  const host = settings.bindAddress.includes(":") ? `[${settings.bindAddress}]` : settings.bindAddress;
  return `http://${host}:${published}`;
}
