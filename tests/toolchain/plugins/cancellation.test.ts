import * as grpc from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { expect, it } from "vitest";

import type { Handler, Request } from "../../../toolchain/plugins/resource-type";
import { serve } from "../../../toolchain/plugins/server";

const TOKEN = "test:index/waiting:Waiting";

/** Reads only whether its request is still wanted, when the test says so. */
function waiting() {
  const requests: Request[] = [];
  let goOn: () => void = () => {};
  const asked = new Promise<void>((resolve) => (goOn = resolve));
  const handler = {
    read: async (id: string, _state: unknown, _inputs: unknown, request: Request) => {
      requests.push(request);
      await asked;
      return { id, inputs: {}, outputs: { cancelled: request.cancelled.aborted } };
    },
  } as unknown as Handler;
  return { handler, requests, goOn: () => goOn() };
}

it("an engine that breaks off its run does not break off that of another one at the same plugin", async () => {
  const { handler, requests, goOn } = waiting();
  const plugin = { name: "test", version: "1.0.0", types: () => [], handlers: () => new Map([[TOKEN, handler]]) };
  const address = `127.0.0.1:${await serve(plugin)}`;
  // Each with a connection of its own, as two engines have.
  const engines = [1, 2].map(
    () =>
      new ResourceProviderClient(address, grpc.credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 }),
  );
  const read = (engine: ResourceProviderClient) =>
    new Promise<unknown>((resolve, reject) => {
      const request = new proto.ReadRequest().setId("1").setUrn(`urn:pulumi:s::p::${TOKEN}::it`);
      request.setProperties(Struct.fromJavaScript({})).setInputs(Struct.fromJavaScript({}));
      engine.read(request, (error, response) =>
        error ? reject(error) : resolve(response.getProperties()?.toJavaScript()),
      );
    });
  try {
    const answers = engines.map(read);
    await expect.poll(() => requests.length).toBe(2);
    await new Promise<void>((resolve, reject) =>
      (engines[0] as ResourceProviderClient).cancel(new Empty(), (error) => (error ? reject(error) : resolve())),
    );
    goOn();
    expect(await Promise.all(answers)).toEqual([{ cancelled: true }, { cancelled: false }]);
  } finally {
    for (const engine of engines) engine.close();
  }
});
