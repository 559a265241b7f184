import type { Workload } from "../../components/platform/workload";

/** A host and port that a program's configuration names. */
export interface Address {
  readonly where: string;
  readonly host: string;
  readonly port: number;
}

/** Hosts that are the program itself, and the machine of the person who follows a link: of the front door's hosts too. */
const OWN = /^(localhost|0\.0\.0\.0|127\.0\.0\.1|.+\.localhost)$/;

/** Files that hold text for people and queries, where `word:123` is no address that the program opens. */
const NO_ADDRESSES = /^(dashboards|rules|templates)\//;

const HOST_PORT = /(?<![\w.:/-])(?:[a-z]+:\/\/)?([a-zA-Z][a-zA-Z0-9.-]*):(\d{2,5})(?![\w:.])/g;

/** Every `host:port` of another machine in a program's files, arguments and environment. */
export function addressesOf({ args = [], env = {}, files }: Workload): Address[] {
  const texts = [
    ...args.map((text) => ({ where: "args", text: text.replace(/^[^=]*=/, "") })),
    ...Object.entries(env).map(([key, text]) => ({ where: key, text })),
    ...(files?.entries ?? []).flatMap(({ path, content }) =>
      typeof content === "string" && !NO_ADDRESSES.test(path) ? [{ where: path, text: content }] : [],
    ),
  ];
  return texts.flatMap(({ where, text }) =>
    [...withoutComments(text).matchAll(HOST_PORT)]
      .map(([, host, port]) => ({ where, host: host as string, port: Number(port) }))
      .filter(({ host }) => !OWN.test(host)),
  );
}

function withoutComments(text: string): string {
  return text.replace(/^\s*#.*$/gm, "");
}
