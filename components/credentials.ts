import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

import { derivedHash, derivedPassword } from "./derived-secrets";
import type { ProgramSecrets, TlsIdentity } from "./programs/secrets";
import type { Settings } from "./settings/settings";

/** 64 letters and digits are 380 bits: more than any key that is derived from them. */
const ROOT_LENGTH = 64;

/**
 * Passwords and certificates of the stack: those that the settings give, else generated ones. No default exists.
 *
 * All but Grafana's first password are derived from one generated root, so that a new purpose needs no new resource. To have
 * all of them anew, replace the root: `pulumi up --replace '<URN of <name>-root>'`.
 */
export class Credentials extends pulumi.ComponentResource implements ProgramSecrets {
  readonly grafanaAdminPassword: pulumi.Output<string>;

  readonly #name: string;
  readonly #settings: Settings;
  #root: pulumi.Output<string> | undefined;

  constructor(name: string, settings: Settings, opts?: pulumi.ComponentResourceOptions) {
    super("pyairtable:security:Credentials", name, {}, opts);
    this.#name = name;
    this.#settings = settings;
    this.grafanaAdminPassword = settings.grafana.adminPassword ?? this.#generated(`${name}-grafana-admin-password`, 32);
    this.registerOutputs({ grafanaAdminPassword: this.grafanaAdminPassword });
  }

  get elasticPassword(): pulumi.Output<string> {
    return this.#settings.elk?.elasticPassword ?? this.password("elastic");
  }

  get grafanaSecretKey(): pulumi.Output<string> {
    return this.#settings.grafana.secretKey ?? this.password("grafana-secret-key");
  }

  get grafanaDatabasePassword(): pulumi.Output<string> {
    return this.#settings.grafana.database?.password ?? this.password("grafana-database");
  }

  get frontDoorPassword(): pulumi.Output<string> {
    return this.#settings.frontDoor?.password ?? this.password("front-door");
  }

  password(purpose: string): pulumi.Output<string> {
    return this.#derived((root) => derivedPassword(root, purpose));
  }

  passwordHash(purpose: string, password: pulumi.Output<string>): pulumi.Output<string> {
    return this.#derived((root) => password.apply((text) => derivedHash(root, purpose, text)));
  }

  tlsIdentity(program: string, hosts: readonly string[]): TlsIdentity {
    // Loaded only where a stack has certificates.
    const load = () => import("./certificates");
    const pair = this.#derived(async (root) => (await load()).programCertificate(root, program, hosts));
    return {
      authority: this.#derived(async (root) => (await load()).authorityCertificate(root)),
      certificate: pair.certificate,
      key: pair.key,
    };
  }

  #derived<T>(derive: (root: string) => pulumi.Input<T>): pulumi.Output<T> {
    this.#root ??= this.#generated(`${this.#name}-root`, ROOT_LENGTH);
    return pulumi.secret(this.#root.apply(derive)) as pulumi.Output<T>;
  }

  /** 32 letters and digits are 190 bits, and need no quoting anywhere. */
  #generated(name: string, length: number): pulumi.Output<string> {
    return new random.RandomPassword(name, { length, special: false }, { parent: this }).result;
  }
}
