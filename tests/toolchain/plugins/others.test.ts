import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { docker } from "../../../toolchain/plugins/docker";
import * as handlers from "../../../toolchain/plugins/handlers";
import type { Values } from "../../../toolchain/plugins/values";
import { changes, checked, create, dockerType, engine, importImage, testPrefix, tidyUp } from "./support";

const prefix = testPrefix();
let image: { reference: string; id: string };

beforeAll(async () => {
  image = await importImage(prefix);
});
afterAll(() => tidyUp(prefix));

describe("a network", () => {
  const network = dockerType("Network");
  it.each<[string, Values]>([
    ["with defaults", {}],
    [
      "that is internal, with labels",
      {
        internal: true,
        labels: [
          { label: "b", value: "1" },
          { label: "a", value: "2" },
        ],
      },
    ],
    ["with its own addresses", { ipamConfigs: [{ subnet: "10.213.7.0/24", gateway: "10.213.7.1" }], attachable: true }],
    ["with options", { driver: "bridge", options: { "com.docker.network.bridge.enable_icc": "false" } }],
  ])("%s shows no change after it was made, and goes", async (what, more) => {
    const wanted = { name: `${prefix}-${what.replaceAll(" ", "-").replaceAll(",", "")}`, ...more };
    const created = await create(network, wanted);
    expect(created.outputs).toMatchObject({ driver: "bridge", scope: "local" });
    expect(changes(network, created.outputs, wanted)).toEqual([]);
    const back = await handlers.read(network, created.id, created.outputs, checked(network, wanted));
    expect(back?.outputs).toEqual(created.outputs);
    await handlers.remove(network, created.id, created.outputs);
    await handlers.remove(network, created.id, created.outputs);
    expect(await handlers.read(network, created.id, created.outputs, {})).toBeUndefined();
  });

  it("refuses a name that is taken", async () => {
    await create(network, { name: `${prefix}-twice` });
    await expect(create(network, { name: `${prefix}-twice` })).rejects.toThrow("already exists");
  });
});

describe("a volume", () => {
  const volume = dockerType("Volume");
  it("shows no change after it was made, and goes", async () => {
    const labels = [
      { label: "b", value: "1" },
      { label: "a", value: "2" },
    ];
    const wanted = { name: `${prefix}-volume`, labels, driverOpts: { type: "tmpfs", device: "tmpfs" } };
    const created = await create(volume, wanted);
    expect(created.outputs).toMatchObject({ driver: "local", labels });
    expect(changes(volume, created.outputs, wanted)).toEqual([]);
    await handlers.remove(volume, created.id, created.outputs);
    expect(await handlers.read(volume, created.id, created.outputs, {})).toBeUndefined();
  });
});

describe("an image", () => {
  const remoteImage = dockerType("RemoteImage");
  it("is found on the machine by its name, and kept when asked to", async () => {
    const wanted = { name: image.reference, keepLocally: true };
    const created = await create(remoteImage, wanted);
    expect(created).toMatchObject({ id: image.id + image.reference, outputs: { imageId: image.id, repoDigest: "" } });
    expect(changes(remoteImage, created.outputs, wanted)).toEqual([]);
    expect(changes(remoteImage, created.outputs, { ...wanted, triggers: { a: "1" } })).toEqual(["triggers!"]);
    await handlers.remove(remoteImage, created.id, created.outputs);
    expect(await handlers.read(remoteImage, created.id, created.outputs, {})).toBeDefined();
  });

  it("goes with its resource otherwise", async () => {
    await engine.raw("POST", `/images/${image.id}/tag`, { query: { repo: prefix, tag: "2" } });
    const created = await create(remoteImage, { name: `${prefix}:2` });
    await handlers.remove(remoteImage, created.id, created.outputs);
    expect(await handlers.read(remoteImage, created.id, created.outputs, {})).toBeUndefined();
    await handlers.remove(remoteImage, created.id, created.outputs);
  });

  it("that is nowhere is refused by name, with what to do", async () => {
    const name = `127.0.0.1:1/${prefix}:1`;
    await expect(create(remoteImage, { name })).rejects.toThrow(new RegExp(`${name}.*docker pull`));
  });
});

describe("an engine that cannot be reached", () => {
  it.each([
    ["unix:///nowhere/docker.sock", "there is no such socket"],
    ["tcp://127.0.0.1:1", "nothing listens there"],
  ])("is named with what to do: %s", async (host, cause) => {
    const volume = docker.types({ host }).find(({ token }) => token.endsWith(":Volume"));
    await expect(volume?.create({})).rejects.toThrow(`Cannot reach the Docker engine at ${host}: ${cause}`);
    await expect(volume?.create({})).rejects.toThrow("set DOCKER_HOST");
  });

  it("by an address that needs the vendor's plugin is refused", async () => {
    const [type] = docker.types({ host: "ssh://somewhere" });
    await expect(type?.read("x", {})).rejects.toThrow("ssh://somewhere cannot be used");
  });
});
