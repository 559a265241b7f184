import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { createPlatform } from "../../components/platform";
import { DockerPlatform } from "../../components/platform/docker";
import { KubernetesPlatform } from "../../components/platform/kubernetes";
import { recordResources } from "../support/mocks";
import { settingsFor } from "../support/settings";
import { ApiServer } from "./api-server";
import { TINY } from "./contract-cases";

describe("Docker as the platform of the settings", () => {
  it.each([
    ["its own services network", {}, "pyairtable-test-services"],
    ["one that exists", { servicesNetwork: "compose_default" }, "compose_default"],
  ])("has %s", async (_, written, network) => {
    const recorder = await recordResources();
    const platform = await createPlatform(settingsFor(written), [TINY]);
    await recorder.drain();
    expect(platform).toBeInstanceOf(DockerPlatform);
    expect(recorder.registrations).toMatchObject([
      {
        type: "pyairtable:platform:DockerPlatform",
        name: "docker",
        parent: "",
        inputs: {},
        outputs: { servicesNetwork: network },
      },
    ]);
    expect(recorder.registrations).toHaveLength(1);
  });
});

describe("Kubernetes as the platform of the settings", () => {
  let api: ApiServer;

  beforeEach(async () => {
    api = await ApiServer.start();
  });

  afterEach(() => api.stop());

  it("is made of a cluster that was asked", async () => {
    const recorder = await recordResources();
    const settings = settingsFor({ platform: "kubernetes", namespace: "watch", kubeconfig: await api.kubeconfig() });
    expect(await createPlatform(settings, [TINY])).toBeInstanceOf(KubernetesPlatform);
    await recorder.drain();
    expect(api.asked).not.toEqual([]);
    expect(recorder.named("kubernetes").type).toBe("pyairtable:platform:KubernetesPlatform");
  });

  it("makes nothing on a cluster that does not fit", async () => {
    const recorder = await recordResources();
    const written = { platform: "kubernetes", kubeconfig: await api.kubeconfig(), kubernetesContext: "gone" };
    await expect(createPlatform(settingsFor(written), [TINY])).rejects.toThrow("the stack can not run on this cluster");
    await recorder.drain();
    expect(recorder.registrations).toEqual([]);
  });
});
