/** `docker:index/network:Network`. Nothing about a network can be changed in place. */
import { removeWhenFree, type Engine } from "./engine";
import { labelItem, labelMap, labelPairs } from "./labels";
import type { Created, ResourceType } from "./resource-type";
import type { Property, Schema } from "./schema";
import { isObject, type Value, type Values } from "./values";

const flag: Property = { kind: "boolean", forceNew: true };

const schema: Schema = {
  attachable: flag,
  driver: { kind: "string", forceNew: true, computed: true },
  ingress: flag,
  internal: { ...flag, computed: true },
  ipamConfigs: {
    kind: "set",
    forceNew: true,
    computed: true,
    items: {
      kind: "object",
      fields: {
        auxAddress: { kind: "map" },
        gateway: { kind: "string" },
        ipRange: { kind: "string" },
        subnet: { kind: "string" },
      },
    },
  },
  ipamDriver: { kind: "string", forceNew: true, default: "default" },
  ipamOptions: { kind: "map", forceNew: true },
  ipv6: flag,
  labels: { kind: "set", items: labelItem, forceNew: true },
  name: { kind: "string", forceNew: true, autoname: true },
  options: { kind: "map", forceNew: true, computed: true },
  scope: { kind: "string", output: true },
};

interface IpamConfig {
  Subnet?: string;
  IPRange?: string;
  Gateway?: string;
  AuxiliaryAddresses?: Record<string, string>;
}

interface Inspected {
  Id: string;
  Name: string;
  Driver: string;
  Scope: string;
  Internal: boolean;
  Attachable: boolean;
  Ingress: boolean;
  EnableIPv6: boolean;
  IPAM: { Driver: string; Config: IpamConfig[] | null };
  Labels: Record<string, string> | null;
  Options: Record<string, string> | null;
}

function ipamConfig(value: Value): IpamConfig {
  const config = isObject(value) ? value : {};
  return {
    Subnet: config["subnet"] as string | undefined,
    IPRange: config["ipRange"] as string | undefined,
    Gateway: config["gateway"] as string | undefined,
    AuxiliaryAddresses: config["auxAddress"] as Record<string, string> | undefined,
  };
}

function requestBody(inputs: Values): unknown {
  const configs = inputs["ipamConfigs"];
  return {
    Name: inputs["name"],
    // Engines before 25 make a second network of the same name without this; later ones always check.
    CheckDuplicate: true,
    Driver: inputs["driver"],
    Internal: inputs["internal"],
    Attachable: inputs["attachable"],
    Ingress: inputs["ingress"],
    EnableIPv6: inputs["ipv6"],
    IPAM: {
      Driver: inputs["ipamDriver"],
      Options: inputs["ipamOptions"],
      Config: Array.isArray(configs) ? configs.map(ipamConfig) : undefined,
    },
    Options: inputs["options"],
    Labels: labelMap(inputs["labels"]),
  };
}

function outputs(network: Inspected, before: Values): Values {
  return {
    attachable: network.Attachable,
    driver: network.Driver,
    ingress: network.Ingress,
    internal: network.Internal,
    ipamConfigs: (network.IPAM.Config ?? []).map((config) => ({
      auxAddress: config.AuxiliaryAddresses ?? {},
      gateway: config.Gateway ?? "",
      ipRange: config.IPRange ?? "",
      subnet: config.Subnet ?? "",
    })),
    ipamDriver: network.IPAM.Driver,
    // The engine does not tell them reliably, so what was asked for is kept.
    ipamOptions: before["ipamOptions"],
    ipv6: network.EnableIPv6,
    labels: labelPairs(network.Labels),
    name: network.Name,
    options: network.Options ?? {},
    scope: network.Scope,
  };
}

export function networkType(engine: Engine): ResourceType {
  async function read(id: string, state: Values): Promise<Created | undefined> {
    const found = await engine.inspect<Inspected>(`/networks/${id}`);
    return found && { id: found.Id, outputs: outputs(found, state) };
  }

  async function create(inputs: Values): Promise<Created> {
    const { Id } = await engine.call<{ Id: string }>("POST", "/networks/create", { body: requestBody(inputs) });
    const created = await read(Id, inputs);
    if (!created) throw new Error(`the network '${String(inputs["name"])}' vanished right after it was made`);
    return created;
  }

  return {
    token: "docker:index/network:Network",
    schema,
    stateVersion: 1,
    create,
    read,
    delete: (id) => removeWhenFree(() => engine.raw("DELETE", `/networks/${id}`), /has active endpoints/),
  };
}
