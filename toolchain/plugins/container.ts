/** `docker:index/container:Container`. */
import { containerSchema, RECORDED_ONLY, UPDATED_BY_ENGINE } from "./container-schema";
import { createBody, endpoints, updateBody } from "./container-spec";
import { containerOutputs, type Inspected } from "./container-state";
import { uploadArchive } from "./container-files";
import { EngineError, ignore, pause, type Engine } from "./engine";
import { findImage } from "./remote-image";
import { PartialFailure, type Created, type ResourceType, type Warn } from "./resource-type";
import { sameValue } from "./schema";
import type { Values } from "./values";

function prefixed(what: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(error.status, `${what}: ${error.message}`);
  };
}

/** The engine's log frames: eight bytes of head, the last four of them the length, then the text. */
function unframe(raw: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= raw.length;) {
    const length = raw.readUInt32BE(at + 4);
    parts.push(raw.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(parts).toString();
}

class Containers {
  public constructor(private readonly engine: Engine) {}

  public inspect(id: string): Promise<Inspected | undefined> {
    return this.engine.inspect<Inspected>(`/containers/${id}/json`);
  }

  private async join(id: string, inputs: Values): Promise<void> {
    const wanted = endpoints(inputs["networksAdvanced"]);
    if (wanted.length === 0) return;
    const leave = { body: { Container: id, Force: false } };
    await this.engine.raw("POST", "/networks/bridge/disconnect", leave).catch((error: unknown) => {
      if (!(error instanceof EngineError && /is not connected to (the )?network/.test(error.message))) throw error;
    });
    for (const { network, settings } of wanted) {
      const body = { Container: id, EndpointConfig: settings };
      const path = `/networks/${encodeURIComponent(network)}/connect`;
      await this.engine.raw("POST", path, { body }).catch(prefixed(`cannot connect to the network '${network}'`));
    }
  }

  private async upload(id: string, inputs: Values): Promise<void> {
    const archive = await uploadArchive(inputs["uploads"]);
    if (!archive) return;
    const call = { query: { path: "/", noOverwriteDirNonDir: true }, archive };
    await this.engine.raw("PUT", `/containers/${id}/archive`, call).catch(prefixed("cannot upload the files"));
  }

  private async waitUntilHealthy(id: string, seconds: number): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const found = await this.inspect(id);
      const health = found?.State.Health;
      if (!health) throw new Error("'wait' is set, but the container has no health check; add 'healthcheck'");
      if (health.Status === "healthy") return;
      if (Date.now() > deadline) {
        const state = `its status is '${health.Status}'`;
        throw new Error(`the container was not healthy within ${seconds} s (waitTimeout); ${state}`);
      }
      await pause(200);
    }
  }

  /** Waits for the end, and gives what the container wrote when `logs` is set. */
  private async attach(id: string, inputs: Values): Promise<Values> {
    await this.engine.raw("POST", `/containers/${id}/wait`, { query: { condition: "not-running" } });
    if (inputs["logs"] !== true) return {};
    const raw = await this.engine.raw("GET", `/containers/${id}/logs`, { query: { stdout: true, stderr: true } });
    return { containerLogs: inputs["tty"] === true ? raw.toString() : unframe(raw) };
  }

  private async prepareAndStart(id: string, inputs: Values): Promise<Values> {
    await this.join(id, inputs);
    await this.upload(id, inputs);
    if (inputs["start"] !== false) {
      await this.start(id);
      if (inputs["wait"] === true) await this.waitUntilHealthy(id, Number(inputs["waitTimeout"] ?? 60));
    }
    return inputs["attach"] === true ? this.attach(id, inputs) : {};
  }

  public async create(inputs: Values): Promise<Created> {
    const platform = inputs["platform"] as string | undefined;
    await findImage(this.engine, String(inputs["image"]), platform);
    const call = { query: { name: String(inputs["name"]), platform }, body: createBody(inputs) };
    const { Id: id } = await this.engine.call<{ Id: string }>("POST", "/containers/create", call);
    try {
      const seen = await this.prepareAndStart(id, inputs);
      const found = await this.inspect(id);
      // One that removes itself at its end may be gone already.
      if (!found) return { id, outputs: { ...inputs, ...seen } };
      return { id, outputs: containerOutputs(found, { ...inputs, ...seen }) };
    } catch (error) {
      throw await this.undo(id, inputs, error);
    }
  }

  /** Takes a container that could not be finished away, so that the next run can make it under the same name. */
  private async undo(id: string, inputs: Values, cause: unknown): Promise<Error> {
    const reason = cause instanceof Error ? cause.message : String(cause);
    try {
      await this.remove(id, { ...inputs, attach: true });
      return new Error(reason);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return new PartialFailure(id, `${reason}; and the unfinished container could not be removed: ${why}`);
    }
  }

  private async start(id: string): Promise<void> {
    await this.engine.raw("POST", `/containers/${id}/start`).catch(prefixed("cannot start the container"));
  }

  public async read(id: string, state: Values): Promise<Created | undefined> {
    const found = await this.inspect(id);
    return found && { id: found.Id, outputs: containerOutputs(found, state) };
  }

  public async update(id: string, olds: Values, news: Values, warn: Warn): Promise<Values> {
    const changed = Object.entries(containerSchema)
      .filter(([key, property]) => !property.output && !sameValue(property, olds[key], news[key]))
      .map(([key]) => key);
    const mustStart = changed.includes("mustRun") && news["mustRun"] !== false && news["start"] !== false;
    if (mustStart) await this.start(id);
    if (changed.some((key) => UPDATED_BY_ENGINE.includes(key))) {
      const call = { body: updateBody(news) };
      await this.engine.raw("POST", `/containers/${id}/update`, call).catch(prefixed("cannot update the container"));
    }
    const recorded = changed.filter((key) => RECORDED_ONLY.includes(key));
    if (recorded.length > 0) {
      const what = recorded.map((key) => `'${key}'`).join(", ");
      warn(`${what} changed in the state only: the engine cannot change it on a container that exists. Replace it.`);
    }
    const found = await this.read(id, { ...olds, ...news });
    if (!found) throw new Error("the container is gone; run 'pulumi refresh' and then 'pulumi up'");
    return { ...found.outputs, ...Object.fromEntries(recorded.map((key) => [key, news[key]])) };
  }

  public async remove(id: string, state: Values): Promise<void> {
    if (state["attach"] !== true) {
      const query = { t: Number(state["destroyGraceSeconds"] ?? 0) };
      await this.engine.raw("POST", `/containers/${id}/stop`, { query }).catch(ignore(404));
    }
    const query = { v: state["removeVolumes"] !== false, force: true };
    // 409: the engine is removing it already, which the wait sees through.
    await this.engine.raw("DELETE", `/containers/${id}`, { query }).catch(ignore(404, 409));
    const condition = state["rm"] === true ? "removed" : "not-running";
    await this.engine.raw("POST", `/containers/${id}/wait`, { query: { condition } }).catch(ignore(404));
  }
}

export function containerType(engine: Engine): ResourceType {
  const containers = new Containers(engine);
  return {
    token: "docker:index/container:Container",
    schema: containerSchema,
    stateVersion: 2,
    deleteBeforeReplace: true,
    create: (inputs) => containers.create(inputs),
    read: (id, state) => containers.read(id, state),
    update: (id, olds, news, warn) => containers.update(id, olds, news, warn),
    delete: (id, state) => containers.remove(id, state),
  };
}
