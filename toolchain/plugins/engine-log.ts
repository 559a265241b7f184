import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";

/** Writes to the log of the engine that started the plugin. A log line that cannot be delivered is not worth failing. */
export class EngineLog {
  private client: EngineClient | undefined;
  private announced = false;

  public constructor(private readonly plugin: { readonly name: string; readonly version: string }) {}

  public connect(address: string): void {
    this.announced = false;
    this.client = new EngineClient(address, grpc.credentials.createInsecure());
  }

  public write(severity: LogSeverity, message: string, urn = "", ephemeral = false): Promise<void> {
    const request = new LogRequest();
    request.setEphemeral(ephemeral);
    request.setSeverity(severity);
    request.setMessage(message);
    request.setUrn(urn);
    return new Promise((resolve) => (this.client ? this.client.log(request, () => resolve()) : resolve()));
  }

  /** Says once, at the first real change, whose plugin this is. Previews stay quiet. */
  public async announce(): Promise<void> {
    if (this.announced) return;
    this.announced = true;
    const { name, version } = this.plugin;
    const message = `This project's own '${name}' plugin is in use instead of the vendor's (version ${version}).`;
    await this.write(LogSeverity.INFO, message);
  }
}
