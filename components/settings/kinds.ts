import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";

// The library's other interface loads 80 files more, a tenth of a second at each preview.
import { z } from "zod/v3";

import { parseBytes, parseDuration, parseWhole, type Bounds, type Parsed } from "../units";

/** Makes a kind say the same whatever is wrong with its value. */
function saying(message: string) {
  return { errorMap: () => ({ message }) };
}

/** A number, or text, that one of the unit parsers understands. */
export function quantity(parse: (text: string) => Parsed<number>) {
  return z.unknown().transform((value, context) => {
    const parsed = parse(typeof value === "string" || typeof value === "number" ? String(value) : "");
    if (parsed.ok) return parsed.value;
    context.addIssue({ code: "custom", message: `expected ${parsed.expected}` });
    return z.NEVER;
  });
}

export function text(pattern: RegExp, expected: string) {
  return z.string(saying(`expected ${expected}`)).regex(pattern);
}

export function oneOf<const T extends string>(...values: readonly T[]) {
  return z.enum(values as readonly [T, ...T[]], saying(`expected one of: ${values.join(", ")}`));
}

/** An object with these members. */
export function object<T extends z.ZodRawShape>(shape: T) {
  return z.object(shape, saying(`expected an object with: ${Object.keys(shape).join(", ")}`)).strict();
}

/** An object with the given keys, each optional and of one kind. */
export function each<K extends string, S extends z.ZodTypeAny>(keys: readonly K[], of: S | ((key: K) => S)) {
  const shape = Object.fromEntries(
    keys.map((key) => [key, (of instanceof z.ZodType ? of : of(key)).optional()]),
  ) as Record<K, z.ZodOptional<S>>;
  return object(shape);
}

export function list<S extends z.ZodTypeAny>(of: S, expected: string) {
  return z.array(of, saying(`expected a list of ${expected}`));
}

/** An object whose keys are the user's own; what is wrong with one of them is told from what is wrong with its value. */
export function labelled<S extends z.ZodTypeAny>(pattern: RegExp, expectedKey: string, of: S, expected: string) {
  const key = z.string().superRefine((value, context) => {
    if (pattern.test(value)) return;
    context.addIssue({ code: "custom", message: `expected ${expectedKey}`, params: { [OF_KEY]: true } });
  });
  return z.record(key, of, saying(`expected an object of ${expected}`));
}

const OF_KEY = "ofKey";

/** Whether a problem is one of an object's key, and not of what stands there. */
export function isAboutKey(issue: z.ZodIssue): boolean {
  return issue.code === "custom" && issue.params?.[OF_KEY] === true;
}

const LABEL = "[A-Za-z0-9]([-_A-Za-z0-9]*[A-Za-z0-9])?";
const HOST = `${LABEL}(\\.${LABEL})*`;
const PORT = "([1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5])";
const ESCAPED = "%[0-9A-Fa-f]{2}";
const MAILBOX = `[A-Za-z0-9!#$%&'*+/=?^_~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_~-]+)*@${LABEL}(\\.${LABEL})+`;

const HOST_PORT = new RegExp(`^${HOST}:${PORT}$`);
const DOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Text on one line without spaces around it. */
export const anything = text(/^[^\s\p{Cc}]([^\p{Cc}]*[^\s\p{Cc}])?$/u, "text on one line without spaces around it");
export const name = text(
  /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/,
  "a lower-case name of letters, digits and hyphens, at most 63 long",
);
export const email = text(new RegExp(`^${MAILBOX}$`), "one email address, such as alerts@example.com");
export const emails = text(
  new RegExp(`^${MAILBOX}( *, *${MAILBOX})*$`),
  "an email address, or several with commas between",
);
export const port = quantity((written) => parseWhole(written, "a port", 1, 65_535));
export const boolean = z
  .enum(["true", "false"], saying("expected true or false"))
  .transform((value) => value === "true");
export const ip = z
  .string(saying("expected an IP address"))
  .refine((value) => isIP(value) !== 0, "expected an IP address");
export const password = z.string(saying("expected at least 12 characters")).min(12);

export const address = (example: string) => text(HOST_PORT, `host:port, such as ${example}`);
export const domain = (example: string) => text(DOMAIN, `a domain such as ${example}`);
export const bytes = (bounds?: Bounds) => quantity((written) => parseBytes(written, bounds));
export const duration = (bounds?: Bounds) => quantity((written) => parseDuration(written, bounds));
export const wholeNumber = (what: string, least: number, most: number) =>
  quantity((written) => parseWhole(written, what, least, most));

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Certificates by which a server is known, as PEM; each can be read, and none comes with its key. */
export const authorities = z
  .string(saying("expected the certificates of an authority as PEM"))
  .refine(
    (value) => !value.includes("PRIVATE KEY") && (value.match(CERTIFICATE) ?? [""]).every(isCertificate),
    "expected the certificates of an authority as PEM, without a key",
  );

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

/**
 * A URL as it is written: parsers repair what is malformed, each in its own way, and the program that gets it refuses it.
 *
 * @param noUser where a user and a password belong instead, if they may not stand in the URL.
 */
export function url(protocols: readonly ("http" | "https")[], noUser?: string) {
  const login = noUser === undefined ? `(([-\\w.~!$&'()*+,;=:]|${ESCAPED})+@)?` : "";
  const host = `(${HOST}|\\[[0-9A-Fa-f:.]+\\])(:${PORT})?`;
  const rest = `([/?#]([-\\w.~:/?#[\\]@!$&'()*+,;=]|${ESCAPED})*)?`;
  const pattern = new RegExp(`^(${protocols.join("|")})://${login}${host}${rest}$`);
  const starts = protocols.map((protocol) => `${protocol}://host`).join(" or ");
  const user = noUser === undefined ? "" : ` and without a user${noUser}`;
  const message = `expected a URL that starts with ${starts}, without spaces${user}`;
  return z.string(saying(message)).refine((value) => pattern.test(value) && URL.canParse(value), message);
}
