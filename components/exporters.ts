import * as pulumi from "@pulumi/pulumi";

import type { Deployed } from "./platform/platform";
import type { Programs } from "./programs";
import { deployAll, type ComponentArgs } from "./stack-component";

/** Exporters for the machine, its containers, Redis and PostgreSQL. */
export class Exporters extends pulumi.ComponentResource {
  /** The programs as they were placed, by role. */
  readonly nodes: { readonly [K in keyof Programs["exporters"]]: Deployed };
  readonly nodeExporterUrl: string;
  readonly cadvisorUrl: string;

  constructor(name: string, args: ComponentArgs<Programs["exporters"]>, opts?: pulumi.ComponentResourceOptions) {
    super("pyairtable:exporters:Exporters", name, {}, opts);
    this.nodes = deployAll(this, name, args);
    this.nodeExporterUrl = this.nodes.nodeExporter.urls.http as string;
    this.cadvisorUrl = this.nodes.cadvisor.urls.http as string;
    this.registerOutputs({ nodeExporterUrl: this.nodeExporterUrl, cadvisorUrl: this.cadvisorUrl });
  }
}
