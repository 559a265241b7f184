import { withStack } from "../session";
import { table } from "../table";

/** Prints where the stack's programs answer. */
export async function urls(stack: string, json: boolean): Promise<void> {
  await withStack(stack, ({ outputs }) => {
    const { urls: addresses, services } = outputs;
    if (json) console.log(JSON.stringify({ stack, urls: addresses, services }, undefined, 2));
    else {
      const sending = [
        ["OTLP over gRPC", `${services.otlpGrpc}, from ${services.network}`],
        ["OTLP over HTTP", `${services.otlpHttp}, from ${services.network}`],
      ];
      console.log(table(["program", "address"], [...Object.entries(addresses), ...sending]));
    }
    return Promise.resolve();
  });
}
