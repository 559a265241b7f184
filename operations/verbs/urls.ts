import { withStack } from "../session";
import { table } from "../table";

/** Prints where the stack's programs answer, or by what command they can be brought to this machine. */
export async function urls(stack: string, json: boolean): Promise<void> {
  await withStack(stack, ({ outputs }) => {
    const { urls: addresses, services, cluster } = outputs;
    const forwards = cluster?.portForwards ?? {};
    if (json) {
      const commands = cluster ? { portForwards: forwards } : {};
      console.log(JSON.stringify({ stack, urls: addresses, ...commands, services }, undefined, 2));
    } else {
      const from = `from ${cluster ? "the namespace " : ""}${services.network}`;
      const sending = [
        ["OTLP over gRPC", `${services.otlpGrpc}, ${from}`],
        ["OTLP over HTTP", `${services.otlpHttp}, ${from}`],
      ];
      console.log(
        table(["program", "address"], [...Object.entries(addresses), ...Object.entries(forwards), ...sending]),
      );
    }
    return Promise.resolve();
  });
}
