import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

import type { Settings } from "./settings/settings";

/** Passwords of the stack: those that the settings give, else generated ones. No default exists. */
export class Credentials extends pulumi.ComponentResource {
  readonly grafanaAdminPassword: pulumi.Output<string>;

  constructor(name: string, settings: Settings, opts?: pulumi.ComponentResourceOptions) {
    super("pyairtable:security:Credentials", name, {}, opts);
    this.grafanaAdminPassword = settings.grafana.adminPassword ?? this.#generated(`${name}-grafana-admin-password`);
    this.registerOutputs({ grafanaAdminPassword: this.grafanaAdminPassword });
  }

  /** 32 letters and digits are 190 bits, and need no quoting anywhere. */
  #generated(name: string): pulumi.Output<string> {
    return new random.RandomPassword(name, { length: 32, special: false }, { parent: this }).result;
  }
}
