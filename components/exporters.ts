import * as pulumi from "@pulumi/pulumi";

import type { Programs } from "./programs";
import { deployAll, type ComponentArgs, type Placed } from "./stack-component";

/** Exporters for the machine, its containers, Redis, PostgreSQL and the stack's own Elasticsearch. */
export class Exporters extends pulumi.ComponentResource {
  /** The programs as they were placed, by role. */
  readonly nodes: Placed<Programs["exporters"]>;
  readonly nodeExporterUrl: string;
  /** Where the stack runs a cAdvisor of its own. */
  readonly cadvisorUrl: string | undefined;

  constructor(name: string, args: ComponentArgs<Programs["exporters"]>, opts?: pulumi.ComponentResourceOptions) {
    super("pyairtable:exporters:Exporters", name, {}, opts);
    this.nodes = deployAll(this, name, args);
    this.nodeExporterUrl = this.nodes.nodeExporter.urls.http as string;
    this.cadvisorUrl = this.nodes.cadvisor?.urls.http;
    this.registerOutputs({ nodeExporterUrl: this.nodeExporterUrl, cadvisorUrl: this.cadvisorUrl });
  }
}
