/** What RE2 knows and JavaScript does not, with what stands for it in JavaScript. */
const ESCAPES: Readonly<Record<string, string>> = { A: "^", z: "$", a: "\\x07", p: ".", P: ".", x: "." };

/** A part of a pattern that means the same, or nothing, in both languages, or that must be looked at. */
const PARTS =
  /\\Q(.*?)(?:\\E|$)|\\([pP](?:\{\^?\w+\}|\w)|x(?:\{[0-9A-Fa-f]{1,6}\}|[0-9A-Fa-f]{2})|0[0-7]{0,2}|[1-7][0-7]{1,2})|\\(.|$)|\[:\^?\w+:\]|\(\?(?:P?<(\w+)>|([imsU]*(?:-[imsU]+)?)([:)])|(.?.?))|./gsu;

/**
 * A regular expression as Prometheus reads it: RE2, anchored at both ends.
 *
 * @returns the expression, or what is wrong with it.
 */
export function compileRegex(pattern: string): { readonly regex: RegExp } | { readonly error: string } {
  let error: string | undefined;
  const refuse = (what: string) => {
    error ??= what;
    return "";
  };
  const translated = pattern.replace(
    PARTS,
    (part, literal?: string, coded?: string, escaped?: string, name?: string, flags?: string, end?: string) => {
      if (literal !== undefined) return literal.replace(/[^\w\s]/g, "\\$&");
      if (coded !== undefined) return ESCAPES[coded[0] as string] ?? ".";
      if (escaped !== undefined) return translateEscape(part, escaped, refuse);
      if (part.startsWith("[:")) return "\\w";
      if (name !== undefined) return "(";
      if (end !== undefined) return end === ":" ? "(?:" : flags === "" ? refuse('"(?)" has no flags') : "";
      return part.startsWith("(?") ? refuse(`"${part}" is not known to RE2, which has no look-around`) : part;
    },
  );
  if (error !== undefined) return { error };
  try {
    // Flags within the pattern are left out above; those that begin it are kept.
    return { regex: new RegExp(`^(?:${translated})$`, /^\(\?[a-z]*i/.test(pattern) ? "is" : "s") };
  } catch (reason) {
    return { error: (reason as Error).message.replace(/^.*\/: /s, "").toLowerCase() };
  }
}

function translateEscape(part: string, escaped: string, refuse: (what: string) => string): string {
  if (escaped === "") return refuse("it ends with a backslash");
  if (/[^A-Za-z0-9]|[bBdDfnrsStvwW]/.test(escaped)) return part;
  return ESCAPES[escaped] !== undefined && /[Aza]/.test(escaped)
    ? ESCAPES[escaped]
    : refuse(`RE2 does not know the escape "${part}"`);
}
