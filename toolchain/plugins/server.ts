/**
 * The Pulumi engine's plugin protocol for a few resource types, on gRPC.
 *
 * It stands directly on the protocol's messages instead of the SDK's provider server: that one starts in twice the
 * time, hides the provider's configuration, cannot say which properties changed, and creates nothing in a preview.
 */
import * as grpc from "@grpc/grpc-js";
import { LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { useFastStructs } from "../../components/sdk-structs";
import { EngineLog } from "./engine-log";
import * as handlers from "./handlers";
import { PartialFailure, type Handler, type Request, type ResourceType } from "./resource-type";
import type { Autonaming } from "./schema";
import { reveal, type Values } from "./values";

/** One plugin: its package's name, the vendor's version it stands in for, and its resource types. */
export interface Plugin {
  readonly name: string;
  readonly version: string;
  /** The resource types for a provider with this configuration, such as `{ host: "tcp://..." }`. */
  types(settings: Settings): readonly ResourceType[];
  /** Resource types that do everything themselves, by their tokens. */
  handlers?(settings: Settings): ReadonlyMap<string, Handler>;
  /** Those settings whose change from `olds` to `news` makes everything of the provider anew. Default: none. */
  replacedBy?(olds: Settings, news: Settings): readonly string[];
}

export type Settings = Readonly<Record<string, string>>;

/** Messages can hold large uploads; this is the engine's own limit. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

function plain(struct: Struct | undefined): Values {
  return (struct?.toJavaScript() ?? {}) as Values;
}

function struct(values: Values): Struct {
  return Struct.fromJavaScript(values as never);
}

function failure(error: unknown): Partial<grpc.ServiceError> {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof PartialFailure)) return { code: grpc.status.UNKNOWN, details: message };
  const detail = new proto.ErrorResourceInitFailed();
  detail.setId(error.id);
  detail.setProperties(struct(error.outputs));
  detail.setReasonsList([error.reason]);
  if (error.inputs) detail.setInputs(struct(error.inputs));
  const packed = new Any();
  packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new Status();
  status.setCode(grpc.status.UNKNOWN);
  status.setMessage(message);
  status.addDetails(packed);
  const metadata = new grpc.Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return { code: grpc.status.UNKNOWN, details: message, metadata };
}

/** Makes a gRPC method of an async function, which gets the request and the caller's address. */
function unary<Request, Response>(
  method: (request: Request, peer: string) => Promise<Response> | Response,
): grpc.handleUnaryCall<Request, Response> {
  return (call, callback) => {
    Promise.resolve()
      .then(() => method(call.request, call.getPeer()))
      .then(
        (response) => callback(null, response),
        (error: unknown) => callback(failure(error), null),
      );
  };
}

function autonaming(request: proto.CheckRequest): Autonaming | undefined {
  const options = request.getAutonaming();
  if (!options) return undefined;
  const mode = (["propose", "enforce", "disable"] as const)[options.getMode()] ?? "propose";
  return { mode, proposed: options.getProposedName() || undefined };
}

function changeKind(kind: "add" | "delete" | "update", replace: boolean): proto.PropertyDiff.Kind {
  const kinds = proto.PropertyDiff.Kind;
  if (kind === "add") return replace ? kinds.ADD_REPLACE : kinds.ADD;
  if (kind === "delete") return replace ? kinds.DELETE_REPLACE : kinds.DELETE;
  return replace ? kinds.UPDATE_REPLACE : kinds.UPDATE;
}

async function diffResponse(request: proto.DiffRequest, handler: Handler): Promise<proto.DiffResponse> {
  const oldInputs = plain(request.getOldInputs());
  const news = plain(request.getNews());
  const found = await handler.diff(plain(request.getOlds()), oldInputs, news, request.getIgnorechangesList());
  const response = new proto.DiffResponse();
  const { DIFF_NONE, DIFF_SOME } = proto.DiffResponse.DiffChanges;
  response.setChanges(found.changes.length > 0 ? DIFF_SOME : DIFF_NONE);
  response.setDiffsList(found.changes.map((change) => change.property));
  response.setReplacesList(found.changes.filter((change) => change.replace).map((change) => change.property));
  response.setDeletebeforereplace(found.deleteBeforeReplace);
  response.setHasdetaileddiff(true);
  for (const change of found.changes) {
    const entry = new proto.PropertyDiff();
    entry.setKind(changeKind(change.kind, change.replace));
    entry.setInputdiff(change.input);
    response.getDetaileddiffMap().set(change.property, entry);
  }
  return response;
}

/**
 * The resource types as each provider configured them. A program's providers share one process when the plugin was
 * started beforehand; each keeps a connection of its own, whose address tells them apart.
 */
class Providers {
  private readonly byPeer = new Map<string, ReadonlyMap<string, Handler>>();
  private latest: ReadonlyMap<string, Handler>;

  public constructor(private readonly plugin: Plugin) {
    this.latest = this.table({});
  }

  private table(settings: Settings): ReadonlyMap<string, Handler> {
    const types = this.plugin.types(settings).map((type) => [type.token, handlers.handlerOf(type)] as const);
    return new Map([...types, ...(this.plugin.handlers?.(settings) ?? [])]);
  }

  public configure(peer: string, settings: Settings): void {
    this.latest = this.table(settings);
    this.byPeer.set(peer, this.latest);
  }

  public handler(peer: string, urn: string): Handler {
    const token = urn.split("::")[2]?.split("$").pop() ?? "";
    const handler = (this.byPeer.get(peer) ?? this.latest).get(token);
    if (!handler) throw new Error(`the resource type '${token}' needs the vendor's plugin; ${remedy(this.plugin)}`);
    return handler;
  }
}

/** Breaks off what is under way for one engine. The process may serve others beside it and further runs, which go on unbroken. */
class Cancellation {
  private readonly byPeer = new Map<string, AbortController>();

  public signal(peer: string): AbortSignal {
    const controller = this.byPeer.get(peer) ?? new AbortController();
    this.byPeer.set(peer, controller);
    return controller.signal;
  }

  public cancel(peer: string): void {
    this.byPeer.get(peer)?.abort();
    this.byPeer.delete(peer);
  }
}

function textSettings(values: Values): Settings {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

function diffConfigResponse(plugin: Plugin, request: proto.DiffRequest): proto.DiffResponse {
  const { DIFF_NONE, DIFF_SOME } = proto.DiffResponse.DiffChanges;
  const [olds, news] = [reveal(plain(request.getOlds())).values, reveal(plain(request.getNews())).values];
  const replaces = plugin.replacedBy?.(textSettings(olds), textSettings(news)) ?? [];
  const response = new proto.DiffResponse().setChanges(replaces.length > 0 ? DIFF_SOME : DIFF_NONE);
  return response.setReplacesList([...replaces]).setDiffsList([...replaces]);
}

/** The protocol's methods that say what the plugin is and take its configuration. */
function generalMethods(
  plugin: Plugin,
  providers: Providers,
  log: EngineLog,
  cancellation: Cancellation,
): grpc.UntypedServiceImplementation {
  const refuse = (what: string): grpc.handleUnaryCall<proto.InvokeRequest, never> =>
    unary((request) => {
      throw new Error(`${what} '${request.getTok()}' needs the vendor's plugin; ${remedy(plugin)}`);
    });
  return {
    handshake: unary((request: proto.ProviderHandshakeRequest) => {
      log.connect(request.getEngineAddress());
      const response = new proto.ProviderHandshakeResponse();
      response.setAcceptSecrets(true);
      response.setSupportsAutonamingConfiguration(true);
      return response;
    }),
    attach: unary(() => new Empty()),
    cancel: unary((_, peer) => {
      cancellation.cancel(peer);
      return new Empty();
    }),
    getPluginInfo: unary(() => new PluginInfo().setVersion(plugin.version)),
    getSchema: unary(() => new proto.GetSchemaResponse().setSchema("{}")),
    checkConfig: unary((request: proto.CheckRequest) => new proto.CheckResponse().setInputs(request.getNews())),
    diffConfig: unary((request: proto.DiffRequest) => diffConfigResponse(plugin, request)),
    configure: unary((request: proto.ConfigureRequest, peer) => {
      const prefix = `${plugin.name}:config:`;
      const entries = request.getVariablesMap().toArray() as [string, string][];
      providers.configure(peer, Object.fromEntries(entries.map(([key, value]) => [key.replace(prefix, ""), value])));
      const response = new proto.ConfigureResponse();
      response.setAcceptsecrets(true);
      response.setSupportspreview(true);
      response.setSupportsAutonamingConfiguration(true);
      return response;
    }),
    invoke: refuse("the function"),
    call: refuse("the method"),
  };
}

function remedy(plugin: Plugin): string {
  return `run on a machine that can fetch it: pulumi plugin install resource ${plugin.name} v${plugin.version}`;
}

/** The protocol's methods on resources. */
function resourceMethods(
  providers: Providers,
  log: EngineLog,
  cancellation: Cancellation,
): grpc.UntypedServiceImplementation {
  const handlerOf = (request: { getUrn(): string }, peer: string): Handler => providers.handler(peer, request.getUrn());
  const about = (request: { getUrn(): string; getTimeout?(): number }, peer: string): Request => ({
    name: request.getUrn().split("::").slice(3).join("::"),
    timeout: request.getTimeout?.() ?? 0,
    cancelled: cancellation.signal(peer),
    warn: (message) => void log.write(LogSeverity.WARNING, message, request.getUrn()),
    status: (message) => void log.write(LogSeverity.INFO, message, request.getUrn(), true),
  });
  return {
    check: unary(async (request: proto.CheckRequest, peer) => {
      const [olds, news] = [plain(request.getOlds()), plain(request.getNews())];
      const checked = await handlerOf(request, peer).check(olds, news, about(request, peer), autonaming(request));
      const failures = checked.failures.map((found) =>
        new proto.CheckFailure().setProperty(found.property).setReason(found.reason),
      );
      return new proto.CheckResponse().setInputs(struct(checked.inputs)).setFailuresList(failures);
    }),
    diff: unary((request: proto.DiffRequest, peer) => diffResponse(request, handlerOf(request, peer))),
    create: unary(async (request: proto.CreateRequest, peer) => {
      const handler = handlerOf(request, peer);
      if (!request.getPreview()) await log.announce();
      const created = await handler.create(plain(request.getProperties()), request.getPreview(), about(request, peer));
      return new proto.CreateResponse().setId(created.id).setProperties(struct(created.outputs));
    }),
    read: unary(async (request: proto.ReadRequest, peer) => {
      const [state, inputs] = [plain(request.getProperties()), plain(request.getInputs())];
      const found = await handlerOf(request, peer).read(request.getId(), state, inputs, about(request, peer));
      if (!found) return new proto.ReadResponse();
      const response = new proto.ReadResponse().setId(found.id);
      return response.setProperties(struct(found.outputs)).setInputs(struct(found.inputs));
    }),
    update: unary(async (request: proto.UpdateRequest, peer) => {
      const handler = handlerOf(request, peer);
      if (!request.getPreview()) await log.announce();
      const [olds, news] = [plain(request.getOlds()), plain(request.getNews())];
      const updated = handler.update(request.getId(), olds, news, request.getPreview(), about(request, peer));
      return new proto.UpdateResponse().setProperties(struct(await updated));
    }),
    delete: unary(async (request: proto.DeleteRequest, peer) => {
      await log.announce();
      await handlerOf(request, peer).remove(request.getId(), plain(request.getProperties()), about(request, peer));
      return new Empty();
    }),
  };
}

/**
 * Serves the plugin on a free loopback port.
 *
 * @param engine Address of the engine, when it is known before the handshake.
 * @returns The port.
 */
export function serve(plugin: Plugin, engine?: string): Promise<number> {
  useFastStructs();
  const log = new EngineLog(plugin);
  if (engine) log.connect(engine);
  const providers = new Providers(plugin);
  const server = new grpc.Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  const cancellation = new Cancellation();
  const general = generalMethods(plugin, providers, log, cancellation);
  const methods = { ...general, ...resourceMethods(providers, log, cancellation) };
  server.addService(ResourceProviderService as unknown as grpc.ServiceDefinition, methods);
  return new Promise((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure();
    server.bindAsync("127.0.0.1:0", credentials, (error, port) => (error ? reject(error) : resolve(port)));
  });
}
