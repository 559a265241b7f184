/** `docker:index/volume:Volume`. Nothing about a volume can be changed in place. */
import { removeWhenFree, type Engine } from "./engine";
import { labelItem, labelMap, labelPairs } from "./labels";
import type { Created, ResourceType } from "./resource-type";
import type { Schema } from "./schema";
import type { Values } from "./values";

const schema: Schema = {
  cluster: { kind: "object", vendorOnly: true },
  driver: { kind: "string", forceNew: true, computed: true },
  driverOpts: { kind: "map", forceNew: true },
  labels: { kind: "set", items: labelItem, forceNew: true },
  mountpoint: { kind: "string", output: true },
  name: { kind: "string", forceNew: true, computed: true, autoname: true },
};

interface Inspected {
  Name: string;
  Driver: string;
  Mountpoint: string;
  Labels: Record<string, string> | null;
  Options: Record<string, string> | null;
}

function described(volume: Inspected): Created {
  return {
    id: volume.Name,
    outputs: {
      driver: volume.Driver,
      driverOpts: volume.Options ?? {},
      labels: labelPairs(volume.Labels),
      mountpoint: volume.Mountpoint,
      name: volume.Name,
    },
  };
}

export function volumeType(engine: Engine): ResourceType {
  async function create(inputs: Values): Promise<Created> {
    const body = {
      Name: inputs["name"],
      Driver: inputs["driver"],
      DriverOpts: inputs["driverOpts"],
      Labels: labelMap(inputs["labels"]),
    };
    return described(await engine.call<Inspected>("POST", "/volumes/create", { body }));
  }

  async function read(id: string): Promise<Created | undefined> {
    const found = await engine.inspect<Inspected>(`/volumes/${encodeURIComponent(id)}`);
    return found && described(found);
  }

  return {
    token: "docker:index/volume:Volume",
    schema,
    stateVersion: 1,
    create,
    read,
    delete: (id) =>
      removeWhenFree(
        () => engine.raw("DELETE", `/volumes/${encodeURIComponent(id)}`, { query: { force: true } }),
        /volume is in use/,
      ),
  };
}
