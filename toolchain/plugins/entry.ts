/**
 * What a plugin process runs.
 *
 * - `docker` or `random`: one plugin, started by the engine, which reads the port from standard output.
 * - `all`: both, started before the engine; prints `docker:<port>,random:<port>` and ends with its standard input, so
 *   that it never outlives whoever started it.
 */
import { docker } from "./docker";
import { random } from "./random";
import { serve, type Plugin } from "./server";

const plugins: readonly Plugin[] = [docker, random];

async function run(which: string | undefined, engine: string | undefined): Promise<string> {
  if (which === "all") {
    process.stdin.on("end", () => process.exit(0)).resume();
    const ports = await Promise.all(plugins.map((plugin) => serve(plugin)));
    return plugins.map(({ name }, index) => `${name}:${ports[index]}`).join(",");
  }
  const plugin = plugins.find(({ name }) => name === which);
  if (!plugin) throw new Error(`no plugin '${which}'; there are ${plugins.map(({ name }) => name).join(" and ")}`);
  return String(await serve(plugin, engine));
}

const [which, ...rest] = process.argv.slice(2);
run(
  which,
  rest.find((argument) => !argument.startsWith("-")),
).then(
  (line) => process.stdout.write(`${line}\n`),
  (error: unknown) => {
    process.stderr.write(`The plugin could not start: ${String(error)}\n`);
    process.exitCode = 1;
  },
);
