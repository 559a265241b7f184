import type { Output } from "@pulumi/pulumi";

/** What a program shows to its peers, and checks them by. All PEM. */
export interface TlsIdentity {
  /** Certificate of the stack's own authority, which every peer trusts. */
  readonly authority: Output<string>;
  /** The program's certificate, for its name, its replicas' names and `localhost`. */
  readonly certificate: Output<string>;
  readonly key: Output<string>;
}

/** Secrets that programs need: given in the settings, else generated. Each stays the same from run to run. */
export interface ProgramSecrets {
  readonly grafanaAdminPassword: Output<string>;
  /** With which Grafana encrypts the secrets in its database. */
  readonly grafanaSecretKey: Output<string>;
  readonly grafanaDatabasePassword: Output<string>;
  readonly elasticPassword: Output<string>;
  /** Of the front door's user. */
  readonly frontDoorPassword: Output<string>;
  /** A generated password for any other purpose; the same name gives the same one. */
  password(purpose: string): Output<string>;
  /** The bcrypt hash of a password; the same password and purpose give the same one. */
  passwordHash(purpose: string, password: Output<string>): Output<string>;
  /**
   * A certificate of the stack's own authority.
   *
   * @param hosts every host name under which peers reach the program.
   */
  tlsIdentity(program: string, hosts: readonly string[]): TlsIdentity;
}
