/** A provider as a program configured it: its cluster, and how it treats objects there. */
import type { Settings } from "../server";
import { UNKNOWN } from "../values";
import { KubernetesClient } from "./client";
import type { Kind } from "./kinds";
import { clusterConnection } from "./kubeconfig";

/** Settings, each with the environment variable that stands in for it. */
const FLAGS = {
  enableServerSideApply: "PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY",
  enableConfigMapMutable: "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE",
  enableSecretMutable: "PULUMI_K8S_ENABLE_SECRET_MUTABLE",
  deleteUnreachable: "PULUMI_K8S_DELETE_UNREACHABLE",
  skipUpdateUnreachable: "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE",
} as const;

type Flag = keyof typeof FLAGS;

export class Provider {
  private connected?: { readonly client: KubernetesClient } | { readonly error: string };
  private probing?: Promise<string | undefined>;

  public constructor(
    private readonly settings: Settings,
    private readonly env: NodeJS.ProcessEnv = process.env,
  ) {
    if (settings["renderYamlToDirectory"]) throw new Error("'renderYamlToDirectory' needs the vendor's plugin");
  }

  public flag(name: Flag): boolean {
    const text = this.settings[name] ?? this.env[FLAGS[name]];
    return name === "enableServerSideApply" ? text !== "false" : text === "true";
  }

  /** The namespace of objects that name none. */
  public get namespace(): string {
    if (this.settings["namespace"]) return this.settings["namespace"];
    const connection = this.connection();
    return "client" in connection ? (connection.client.connection.namespace ?? "default") : "default";
  }

  /** Why the cluster cannot be reached, or nothing. Asked once for the provider's life. */
  public unreachable(): Promise<string | undefined> {
    this.probing ??= this.probe();
    return this.probing;
  }

  /** @throws when the kubeconfig is of no use. */
  public get client(): KubernetesClient {
    const connection = this.connection();
    if ("error" in connection) throw new Error(unreachableMessage(connection.error));
    return connection.client;
  }

  /** Paths whose change needs a new object, as this provider has it. */
  public replacedBy(kind: Kind, isImmutable: boolean): readonly string[] {
    if (kind.kind === "ConfigMap" && (isImmutable || !this.flag("enableConfigMapMutable"))) {
      return [...kind.replacedBy, "data", "binaryData"];
    }
    if (kind.kind === "Secret" && (isImmutable || !this.flag("enableSecretMutable"))) {
      return [...kind.replacedBy, "data", "stringData"];
    }
    return kind.replacedBy;
  }

  private connection(): NonNullable<Provider["connected"]> {
    if (this.connected) return this.connected;
    try {
      this.connected = { client: new KubernetesClient(clusterConnection(this.settings, this.env)) };
    } catch (error) {
      this.connected = { error: (error as Error).message };
    }
    return this.connected;
  }

  private async probe(): Promise<string | undefined> {
    const connection = this.connection();
    if ("error" in connection) return connection.error;
    try {
      await connection.client.call("GET", "/version");
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }
}

export function unreachableMessage(reason: string): string {
  return `configured Kubernetes cluster is unreachable: ${reason}`;
}

function identity(settings: Settings): string {
  const { server, ca } = clusterConnection(settings);
  return `${server} ${ca?.toString("base64") ?? ""}`;
}

/** Undefined when the kubeconfig that was used before is no longer there. */
function formerIdentity(settings: Settings): string | undefined {
  try {
    return identity(settings);
  } catch {
    return undefined;
  }
}

/**
 * The settings whose change moves the objects to another cluster, where they are all made anew. Other credentials for
 * the same cluster change nothing. What is not known yet counts as another cluster.
 *
 * @throws when the new settings lead to no cluster, so that a misspelt context replaces nothing.
 */
export function clusterChanges(olds: Settings, news: Settings): readonly string[] {
  const marker = "clusterIdentifier";
  if (news[marker]) return olds[marker] && olds[marker] !== news[marker] ? [marker] : [];
  const changed = ["kubeconfig", "context", "cluster"].filter((key) => olds[key] !== news[key]);
  const unknown = changed.filter((key) => news[key] === UNKNOWN);
  if (unknown.length > 0 || changed.length === 0) return unknown;
  const [before, after] = [formerIdentity(olds), identity(news)];
  return before === undefined || before === after ? [] : changed;
}
