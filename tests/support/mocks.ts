import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceOutputsRequest, RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";

type Properties = Readonly<Record<string, unknown>>;

/** One resource as the program asked the engine for it. */
export interface Registration {
  readonly type: string;
  readonly name: string;
  /** Name of the parent resource; empty for one that has none. */
  readonly parent: string;
  readonly component: boolean;
  /** Inputs as plain values: what was secret is its text here. */
  readonly inputs: Properties;
  /** The same with `[secret]` for what is encrypted: what anyone may see. */
  readonly shown: Properties;
  /** Paths of the inputs that are encrypted, such as `uploads[1].content`. */
  readonly secrets: readonly string[];
  readonly options: {
    readonly deleteBeforeReplace: boolean;
    readonly retainOnDelete: boolean;
    readonly additionalSecretOutputs: readonly string[];
    readonly ignoreChanges: readonly string[];
  };
  /** Names of the resources that it waits for, by `dependsOn` or by an input; sorted. */
  readonly dependencies: readonly string[];
  /** What a component registered as its outputs; undefined until it has. */
  outputs?: Properties;
  secretOutputs?: readonly string[];
}

type Register<R, A> = (request: R, callback: (error: unknown, answer: A) => void) => void;

/** The part of the SDK's own test monitor that sees requests whole: the mocks alone get neither parents nor options. */
interface Monitor {
  registerResource: Register<RegisterResourceRequest, { getUrn(): string }>;
  registerResourceOutputs: Register<RegisterResourceOutputsRequest, unknown>;
}

const PROVIDED: Readonly<Record<string, (name: string, inputs: Properties) => Properties>> = {
  "random:index/randomPassword:RandomPassword": (name) => ({ result: pulumi.secret(`generated-${name}`) }),
  "docker:index/remoteImage:RemoteImage": (_, { name }) => ({ imageId: `sha256:${String(name)}` }),
};

/** Everything that one test registers. */
export class Recorder {
  readonly registrations: Registration[] = [];
  /** Functions of providers that were called, for which there is no mock. */
  readonly calls: string[] = [];
  readonly #byUrn = new Map<string, Registration>();

  /** The only resource of this name. */
  named(name: string): Registration {
    const found = this.registrations.filter((registration) => registration.name === name);
    if (found.length !== 1 || !found[0]) {
      const known = this.registrations.map((registration) => registration.name).join(", ");
      throw new Error(`${found.length} resources are named "${name}"; registered: ${known}`);
    }
    return found[0];
  }

  /** Resources whose type ends in `:<kind>`, in the order of their names. */
  ofKind(kind: string): Registration[] {
    return this.registrations
      .filter(({ type }) => type.endsWith(`:${kind}`))
      .sort((a, b) => a.name.localeCompare(b.name));
  }

  /**
   * Waits until everything asked for is registered. Nothing can be created afterwards.
   *
   * @throws Error that names the functions of providers that were called: the SDK loses the mocks' own error.
   */
  async drain(): Promise<void> {
    await pulumi.runtime.disconnect();
    if (this.calls.length > 0) throw new Error(`there is no mock for ${this.calls.join(", ")}, which was called`);
  }

  /** Puts itself between the program and the SDK's test monitor. */
  watch(monitor: Monitor): void {
    const register = monitor.registerResource.bind(monitor);
    monitor.registerResource = (request, callback) =>
      register(request, (error, answer) => {
        if (!error) this.#record(request, answer.getUrn());
        callback(error, answer);
      });
    const registerOutputs = monitor.registerResourceOutputs.bind(monitor);
    monitor.registerResourceOutputs = (request, callback) => {
      const { value, secrets } = plain(request.getOutputs()?.toJavaScript() ?? {});
      const registration = this.#byUrn.get(request.getUrn());
      if (registration) Object.assign(registration, { outputs: value, secretOutputs: secrets });
      registerOutputs(request, callback);
    };
  }

  #record(request: RegisterResourceRequest, urn: string): void {
    const { value, shown, secrets } = plain(request.getObject()?.toJavaScript() ?? {});
    const registration: Registration = {
      type: request.getType(),
      name: request.getName(),
      parent: nameIn(request.getParent()),
      component: !request.getCustom(),
      inputs: value as Properties,
      shown: shown as Properties,
      secrets,
      options: {
        deleteBeforeReplace: request.getDeletebeforereplace(),
        retainOnDelete: request.getRetainondelete() ?? false,
        additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
        ignoreChanges: request.getIgnorechangesList(),
      },
      dependencies: request.getDependenciesList().map(nameIn).sort(),
    };
    this.registrations.push(registration);
    this.#byUrn.set(urn, registration);
  }
}

/**
 * Replaces the engine for the resources that the calling test creates, and records them.
 *
 * Nothing is looked up: a call of a provider's function fails the test.
 *
 * @param stack name of the stack that the program believes to run in.
 */
export async function recordResources(stack = "test"): Promise<Recorder> {
  const recorder = new Recorder();
  const mocks: pulumi.runtime.Mocks = {
    newResource: ({ type, name, inputs }) => ({
      id: `${name}-id`,
      state: { ...inputs, ...PROVIDED[type]?.(name, inputs as Properties) },
    }),
    call: ({ token }) => {
      recorder.calls.push(token);
      throw new Error(`there is no mock for ${token}`);
    },
  };
  await pulumi.runtime.setMocks(mocks, "pyairtable-monitoring", stack, false);
  recorder.watch(pulumi.runtime.getMonitor() as unknown as Monitor);
  return recorder;
}

/** Last part of a URN. */
function nameIn(urn: string): string {
  return urn.split("::").at(-1) ?? "";
}

interface Plain {
  readonly value: unknown;
  readonly shown: unknown;
  readonly secrets: string[];
}

/** A value without the marks of the wire format, what of it is not secret, and where the secrets were. */
function plain(wire: unknown, path = ""): Plain {
  if (pulumi.runtime.isRpcSecret(wire)) {
    return { value: plain(pulumi.runtime.unwrapRpcSecret(wire)).value, shown: "[secret]", secrets: [path] };
  }
  if (wire === null || typeof wire !== "object") return { value: wire, shown: wire, secrets: [] };
  if (Array.isArray(wire)) {
    const entries = wire.map((entry, index) => plain(entry, `${path}[${index}]`));
    const pick = (part: "value" | "shown") => entries.map((entry) => entry[part]);
    return { value: pick("value"), shown: pick("shown"), secrets: entries.flatMap(({ secrets }) => secrets) };
  }
  const entries = Object.entries(wire).map(
    ([key, entry]) => [key, plain(entry, path ? `${path}.${key}` : key)] as const,
  );
  const pick = (part: "value" | "shown") => Object.fromEntries(entries.map(([key, entry]) => [key, entry[part]]));
  return { value: pick("value"), shown: pick("shown"), secrets: entries.flatMap(([, { secrets }]) => secrets) };
}
