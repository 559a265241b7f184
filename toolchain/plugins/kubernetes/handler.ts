/** The verbs of one kind of object. */
import { randomBytes } from "node:crypto";
import type { Change, Difference } from "../diff";
import { PartialFailure, type Created, type Found, type Handler, type Request } from "../resource-type";
import type { Autonaming, Checked } from "../schema";
import { hasUnknown, isObject, unwrap, type Values } from "../values";
import { changes, isIgnored, prune } from "./changes";
import { pause, type KubeObject } from "./client";
import { inputsOf, labelled, refusal, without } from "./inputs";
import { apiPath, type Kind } from "./kinds";
import {
  annotation,
  autoname,
  idOf,
  isAnnotated,
  metadataOf,
  nameOf,
  namespaceOf,
  parseId,
  withMetadata,
} from "./metadata";
import { normalizeInputs } from "./normalize";
import { unreachableMessage, type Provider } from "./provider";
import { markSecrets } from "./secrets";
import { checkReady, isReady, NotReady, waitUntilGone, waitUntilReady } from "./waiting";
import {
  apply,
  isForbidden,
  isImmutable,
  isMissingNamespace,
  patch,
  post,
  takenOver,
  takeOver,
  type Write,
} from "./writes";

const INPUTS = "__inputs";
const MANAGER = "__fieldManager";
const API_VERSION = "__initialApiVersion";

/** By which the engine learns that an object is made anew though the program changed nothing. As the vendor's plugin says it. */
const UNREADY: Change = {
  property: 'metadata.annotations["pulumi.com/replaceUnready"]',
  kind: "update",
  replace: true,
  input: true,
};

/** The manager of objects that are not applied on the server. */
const OLD_MANAGER = "pulumi-kubernetes";

/** How often a creation is tried whose namespace is not there yet. */
const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 250;

function plainOf(values: Values): Values {
  return unwrap(values) as Values;
}

/** A saved state in its parts, without markers of secrets. */
function saved(state: Values): { readonly live: Values; readonly inputs: Values; readonly manager?: string } {
  const { [INPUTS]: inputs, [MANAGER]: manager, ...live } = plainOf(state);
  return {
    live: without(live, API_VERSION),
    inputs: normalizeInputs(isObject(inputs) ? inputs : {}),
    manager: typeof manager === "string" ? manager : undefined,
  };
}

export class KindHandler implements Handler {
  public constructor(
    private readonly provider: Provider,
    private readonly kind: Kind,
  ) {}

  public check(olds: Values, news: Values, request: Request, naming?: Autonaming): Checked {
    const { apiVersion, kind } = this.kind;
    const given = normalizeInputs({ ...plainOf(news), apiVersion, kind });
    const failure = refusal(given);
    if (failure) return { inputs: news, failures: [failure] };
    let inputs = autoname(given, plainOf(olds), request.name, naming);
    const hasNamespace = metadataOf(inputs)["namespace"] !== undefined || typeof inputs["metadata"] === "string";
    if (this.kind.namespaced && !hasNamespace) inputs = withMetadata(inputs, { namespace: this.provider.namespace });
    if (!this.provider.flag("enableServerSideApply")) inputs = labelled(inputs);
    return { inputs: markSecrets(inputs, news), failures: [] };
  }

  public async diff(olds: Values, _oldInputs: Values, news: Values, ignored: readonly string[]): Promise<Difference> {
    const { live, inputs: given } = saved(olds);
    const after = normalizeInputs(plainOf(news));
    const before = prune(live, given);
    const rules = this.provider.replacedBy(this.kind, after["immutable"] === true);
    const found = changes(before, after, rules).filter(({ property }) => !isIgnored(property, ignored));
    if (isAnnotated(after, "replaceUnready") && (await this.isUnready(live))) found.push(UNREADY);
    const keepsName =
      !isAnnotated(after, "autonamed") && nameOf(after) === nameOf(live) && namespaceOf(after) === namespaceOf(live);
    return { changes: found, deleteBeforeReplace: found.some(({ replace }) => replace) && keepsName };
  }

  public async create(inputs: Values, preview: boolean, request: Request): Promise<Created> {
    const object = plainOf(inputs);
    const unreachable = await this.provider.unreachable();
    if (preview && (hasUnknown(object) || unreachable !== undefined || !this.provider.flag("enableServerSideApply"))) {
      return { id: "", outputs: inputs };
    }
    if (unreachable !== undefined) throw new Error(unreachableMessage(unreachable));
    const write = this.write(object, undefined, preview);
    if (preview) return { id: "", outputs: await this.previewCreate(write, object, inputs) };
    const created = await this.createWithPatience(write, object, request);
    const id = idOf(created as unknown as Values);
    return { id, outputs: await this.settled(write, created, object, inputs, request) };
  }

  public async read(id: string, state: Values, inputs: Values, request: Request): Promise<Found | undefined> {
    const unreachable = await this.provider.unreachable();
    if (unreachable !== undefined) return this.readUnreachable(unreachable, id, state, inputs, request);
    const { namespace, name } = parseId(id);
    const live = await this.provider.client.find<KubeObject>(this.path(namespace, name));
    if (!live) return undefined;
    const given = normalizeInputs(plainOf(inputs));
    const imported = Object.keys(given).length === 0;
    const plain = live as unknown as Values;
    const found = imported ? inputsOf(plain) : prune(plain, given);
    const manager = saved(state).manager ?? this.newManager(found);
    const outputs = this.state(live, found, imported ? found : inputs, manager);
    const fresh = markSecrets(found, inputs);
    if (!imported) await this.reportUnready(id, live, given, outputs, fresh);
    return { id, outputs, inputs: fresh };
  }

  public async update(id: string, olds: Values, news: Values, preview: boolean, request: Request): Promise<Values> {
    const object = normalizeInputs(plainOf(news));
    const unreachable = await this.provider.unreachable();
    if (preview && (hasUnknown(object) || unreachable !== undefined)) return news;
    if (unreachable !== undefined) throw new Error(unreachableMessage(unreachable));
    const { live: before, inputs: given, manager } = saved(olds);
    const write = this.write(object, manager, preview);
    const live = await write.client.find<KubeObject>(this.path(namespaceOf(before), nameOf(before)));
    if (!live) throw new Error(`${this.kind.kind} '${id}' is gone; run 'pulumi refresh', then try again`);
    try {
      const updated = await this.change(write, live, prune(before, given), object);
      if (preview) return this.state(updated, object, news, write.manager);
      return await this.settled(write, updated, object, news, request);
    } catch (error) {
      if (preview && isForbidden(error)) return news;
      throw error;
    }
  }

  public async remove(id: string, state: Values, request: Request): Promise<void> {
    const unreachable = await this.provider.unreachable();
    if (unreachable !== undefined) {
      if (this.provider.flag("deleteUnreachable")) return request.warn(unreachableMessage(unreachable));
      throw new Error(`${unreachableMessage(unreachable)}. ${FORGET}`);
    }
    const { client } = this.provider;
    const { inputs } = saved(state);
    const { namespace, name } = parseId(id);
    const path = this.path(namespace, name);
    const live = await client.find<KubeObject>(path);
    if (!live) return;
    const policies: Record<string, string> = { orphan: "Orphan", background: "Background" };
    const propagationPolicy = policies[annotation(inputs, "deletionPropagationPolicy")?.toLowerCase() ?? ""];
    const body = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: propagationPolicy ?? "Foreground" };
    await client.raw("DELETE", path, { body }).catch((error: unknown) => {
      if ((error as { status?: number }).status !== 404) throw error;
    });
    const mayLeave = isAnnotated(inputs, "skipAwait") && LEFT_TO_THEMSELVES.includes(this.kind.kind);
    if (!mayLeave) await waitUntilGone(live, path, inputs, client, request);
  }

  /** Whether the object is there now and not ready. Where nobody can say it is left alone. Only jobs are asked for. */
  private async isUnready(live: Values): Promise<boolean> {
    if (this.kind.kind !== "Job" || (await this.provider.unreachable()) !== undefined) return false;
    const { client } = this.provider;
    const current = await client.find<KubeObject>(this.path(namespaceOf(live), nameOf(live))).catch(() => undefined);
    return current !== undefined && !(await isReady(current, client));
  }

  private path(namespace: string, name: string): string {
    return apiPath(this.kind, namespace || this.provider.namespace, name);
  }

  private newManager(object: Values): string {
    const own = annotation(object, "patchFieldManager");
    return own ?? `${OLD_MANAGER}-${randomBytes(4).toString("hex")}`;
  }

  private write(object: Values, before: string | undefined, dryRun: boolean): Write {
    const applied = annotation(object, "patchFieldManager") ?? before ?? this.newManager(object);
    const manager = this.provider.flag("enableServerSideApply") ? applied : OLD_MANAGER;
    return { client: this.provider.client, kind: this.kind, manager, dryRun };
  }

  /** A saved state: what the cluster has, and what the program gave for it. */
  private state(live: KubeObject, inputs: Values, marked: Values, manager: string): Values {
    const outputs = markSecrets(live as unknown as Values, marked);
    const given = markSecrets(inputs, marked);
    return { ...outputs, [INPUTS]: given, [API_VERSION]: this.kind.apiVersion, [MANAGER]: manager };
  }

  private async previewCreate(write: Write, object: Values, inputs: Values): Promise<Values> {
    const attempt = async (wanted: Values): Promise<Values> => {
      // Nothing is written, so nobody's fields are taken; without this a replacement would conflict with itself.
      const live = await apply(write, wanted, true);
      return without(this.state(live, object, inputs, write.manager), "status");
    };
    try {
      return await attempt(object);
    } catch (error) {
      if (isMissingNamespace(error) || isForbidden(error)) return inputs;
      if (!isImmutable(error)) throw error;
    }
    // It is to be replaced and the old one is still there; under another name the server can check it.
    const other = withMetadata(object, { name: `${nameOf(object)}-${randomBytes(3).toString("hex")}` });
    const outputs = await attempt(other).catch(() => inputs);
    return withMetadata(outputs, { name: nameOf(object) });
  }

  private async createWithPatience(write: Write, object: Values, request: Request): Promise<KubeObject> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await (this.provider.flag("enableServerSideApply") ? apply(write, object, false) : post(write, object));
      } catch (error) {
        if (!isMissingNamespace(error) || attempt === ATTEMPTS || request.cancelled.aborted) throw error;
        request.status(`waiting for the namespace '${namespaceOf(object)}'`);
        await pause(FIRST_PAUSE_MS * 2 ** attempt);
      }
    }
  }

  private async change(write: Write, live: KubeObject, before: Values, after: Values): Promise<KubeObject> {
    if (!this.provider.flag("enableServerSideApply")) return patch(write, before, after);
    if (!write.dryRun) await takeOver(write, live);
    return apply(write, after, write.dryRun && takenOver(write, live).length > 0);
  }

  /** The state once the object is ready; when it does not become so, the state goes with the failure. */
  private async settled(
    write: Write,
    object: KubeObject,
    inputs: Values,
    marked: Values,
    request: Request,
  ): Promise<Values> {
    const path = this.path(object.metadata.namespace ?? "", object.metadata.name);
    try {
      const ready = await waitUntilReady(object, path, inputs, write.client, request);
      return this.state(ready, inputs, marked, write.manager);
    } catch (error) {
      if (!(error instanceof NotReady)) throw error;
      const outputs = this.state(error.object, inputs, marked, write.manager);
      throw new PartialFailure(idOf(object as unknown as Values), error.message, outputs);
    }
  }

  private async reportUnready(
    id: string,
    live: KubeObject,
    given: Values,
    outputs: Values,
    fresh: Values,
  ): Promise<void> {
    try {
      await checkReady(live, given, this.provider.client);
    } catch (error) {
      if (!(error instanceof NotReady)) throw error;
      throw new PartialFailure(id, error.message, outputs, fresh);
    }
  }

  private readUnreachable(reason: string, id: string, state: Values, inputs: Values, request: Request) {
    request.warn(unreachableMessage(reason));
    if (this.provider.flag("deleteUnreachable")) return undefined;
    if (this.provider.flag("skipUpdateUnreachable")) return { id, outputs: state, inputs };
    throw new Error(`failed to read resource state due to unreachable cluster (${reason}). ${FORGET}`);
  }
}

const FORGET =
  "If the cluster was deleted, remove its objects from the state by running this again with PULUMI_K8S_DELETE_UNREACHABLE=true";

/** Kinds whose deletion is not waited for either when `skipAwait` is set. */
const LEFT_TO_THEMSELVES: readonly string[] = ["Namespace", "DaemonSet", "Deployment", "StatefulSet", "Job"];
