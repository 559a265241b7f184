import { describe, expect, it } from "vitest";

import { CONFIG_MAP, SERVICE, type Resource } from "../../policy/resource";
import { plainSecrets } from "../../policy/rules/plain-secrets";
import { object, onDocker, onKubernetes } from "./examples";

const KNOWN = ["hunter2-hunter2"];

const REFUSED: readonly (readonly [name: string, resource: Resource, violation: RegExp])[] = [
  ["a password in a variable", onDocker({ envs: ["GF_SECURITY_ADMIN_PASSWORD=x"] }), /GF_SECURITY_ADMIN_PASSWORD/],
  ["a token in a pod's variable", onKubernetes({ env: [{ name: "API_TOKEN", value: "x" }] }), /API_TOKEN/],
  [
    "a key in an init container",
    onKubernetes(
      {},
      {
        initContainers: [
          {
            name: "a",
            env: [
              { name: "S3_SECRET_ACCESS_KEY", value: "x" },
              { name: "apiKey", value: "y" },
            ],
          },
        ],
      },
    ),
    /its variable apiKey/,
  ],
  ["a login in a variable", onDocker({ envs: ["DATABASE_URL=postgres://me:open@db:5432/a"] }), /variable DATABASE_URL/],
  [
    "a password in an argument",
    onDocker({ command: ["redis-server", "--requirepassword=open"] }),
    /its command \(requirepassword\)/,
  ],
  ["a token after its flag", onKubernetes({ args: ["--token", "open"] }), /its command \(--token\)/],
  ["a password in a script", onKubernetes({ command: ["sh", "-c", "PGPASSWORD=open psql"] }), /\(PGPASSWORD\)/],
  ["a login in an argument", onKubernetes({ args: ["--url=http://me:open@host"] }), /a password in a URL/],
  ["a key of a ConfigMap", object(CONFIG_MAP, { data: { ADMIN_PASSWORD: "open" } }), /key ADMIN_PASSWORD: put/],
  [
    "a line of a ConfigMap's YAML",
    object(CONFIG_MAP, { data: { "a.yaml": "smtp:\n  auth_password: open" } }),
    /key a\.yaml \(auth_password\)/,
  ],
  [
    "a member of a ConfigMap's JSON",
    object(CONFIG_MAP, { data: { "a.json": '{"bearer_token": "open"}' } }),
    /\(bearer_token\)/,
  ],
  [
    "a private key in a ConfigMap",
    object(CONFIG_MAP, { data: { "a.pem": "-----BEGIN EC PRIVATE KEY-----" } }),
    /a private key/,
  ],
  ["a known secret in a variable", onDocker({ envs: ["URL=http://u:hunter2-hunter2@h"] }), /the variable URL/],
  ["a known secret in a command", onDocker({ command: ["--pass=hunter2-hunter2"] }), /its command/],
  ["a known secret in an argument", onKubernetes({ args: ["hunter2-hunter2"] }), /its command/],
  ["a known secret in a health check", onDocker({ healthcheck: { tests: ["CMD", "hunter2-hunter2"] } }), /its command/],
  ["a known secret in a label", onDocker({ labels: [{ label: "note", value: "hunter2-hunter2" }] }), /the label note/],
  [
    "a known secret in a ConfigMap",
    object("kubernetes:core/v1:ConfigMap", { data: { "a.yaml": "p: hunter2-hunter2" } }),
    /the key a\.yaml/,
  ],
  [
    "a known secret in an annotation",
    object(SERVICE, { metadata: { annotations: { note: "hunter2-hunter2" } } }),
    /the annotation note/,
  ],
];

describe("plain secrets", () => {
  it.each(REFUSED)("refuses %s", (_, resource, violation) => {
    expect(plainSecrets(resource, KNOWN).join("\n")).toMatch(violation);
  });

  it("has nothing against a program that keeps the rules", () => {
    expect([...plainSecrets(onDocker(), KNOWN), ...plainSecrets(onKubernetes(), KNOWN)]).toEqual([]);
  });

  it("never show the secret that they found", () => {
    const resources = [
      onDocker({
        envs: ["A_TOKEN=hunter3"],
        command: ["--password=hunter3", "--secret", "hunter3", "http://u:hunter3@h"],
      }),
      object(CONFIG_MAP, { data: { "a.yaml": "password: hunter3", TOKEN: "hunter3" } }),
    ];
    const found = resources.flatMap((resource) => plainSecrets(resource, []));
    expect(found).toHaveLength(6);
    expect(found.join()).not.toContain("hunter3");
  });

  it.each([
    "password_file: /etc/secrets/a",
    "password: ${file:/etc/secrets/a}",
    "basicAuthPassword: $__file{/etc/secrets/a}",
    "bearer_token_file: /var/run/token",
    "# password: explained in a comment",
    "token: ",
    "password: <secret>",
    "http://${USER}:${PASSWORD}@host",
    "sum by (token) (ai_tokens_used_total)",
    "redact: [password, token]",
    "allow_password: true",
  ])("take the line %s of a ConfigMap", (line) => {
    expect(plainSecrets(object(CONFIG_MAP, { data: { "a.yaml": line } }), [])).toEqual([]);
  });

  it("take flags that name a file, and a secret that the cluster puts in", () => {
    const args = ["--password-file=/etc/a", "--token-path", "/etc/b", "--token", "$(TOKEN)", "--token", "--next"];
    const env = [{ name: "TOKEN", valueFrom: { secretKeyRef: { name: "a", key: "b" } } }];
    expect(plainSecrets(onKubernetes({ args, env }), [])).toEqual([]);
  });

  it("take a path for a path and a short word for a word", () => {
    const paths = onDocker({ envs: ["GF_SECURITY_ADMIN_PASSWORD__FILE=/run/a", "DB_PASSWORD_FILE=/run/b", "TOKEN="] });
    expect(plainSecrets(paths, ["a", "/run"])).toEqual([]);
  });
});
