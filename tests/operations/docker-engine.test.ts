import Docker from "dockerode";
import { afterEach, describe, expect, it, vi } from "vitest";

import type { ProgramOutput } from "../../components/stack-outputs";
import { UsageError } from "../../operations/fail";
import { DockerClient, isDenied, pingEngine } from "../../operations/platform/docker";
import { refuseWithoutRights } from "../../operations/prepare";

/** An engine that refuses every request with this. */
function refusing(error: object): Docker {
  const refuse = () => Promise.reject(Object.assign(new Error("(HTTP code 404) no such container"), error));
  return { ping: refuse, getContainer: () => ({ logs: refuse }) } as unknown as Docker;
}

describe("a Docker engine", () => {
  afterEach(() => void vi.unstubAllEnvs());

  it("that does not answer is a wrong use, whether DOCKER_HOST names it or not", async () => {
    const ping = () => pingEngine(new Docker({ socketPath: "/nonexistent/docker.sock" }));
    vi.stubEnv("DOCKER_HOST", "");
    await expect(ping()).rejects.toThrow(/^the Docker engine does not answer; start it, or set DOCKER_HOST \(.*ENOENT/);
    await expect(ping()).rejects.toThrow(UsageError);
    vi.stubEnv("DOCKER_HOST", "unix:///nonexistent/docker.sock");
    await expect(ping()).rejects.toThrow(/at DOCKER_HOST=\S+ does not answer; start it, or unset DOCKER_HOST/);
    await expect(refuseWithoutRights()).rejects.toThrow(UsageError);
  });

  it("that does not answer to this user is told apart from one that can be started", async () => {
    const refusal = (code: string) => pingEngine(refusing({ code })).catch(isDenied);
    expect([await refusal("EACCES"), await refusal("ECONNREFUSED")]).toEqual([true, false]);
  });

  it("names the container that it has no log of", async () => {
    const client = new DockerClient(refusing({ statusCode: 404 }), "stack", "none");
    const logs = client.logs({ handle: "stack-loki" } as ProgramOutput, { tail: 1, follow: false }, () => {});
    await expect(logs).rejects.toThrow("there is no container stack-loki; bring it back with: npx monitoring deploy");
  });
});
