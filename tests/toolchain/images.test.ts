import { describe, expect, it } from "vitest";

import { images, type Image, type ImageName } from "../../components/images";
import { goRecipes } from "../../toolchain/go/recipes";
import { imageName } from "../../toolchain/images/ensure";
import { dockerfile, layout, type ImageRecipe } from "../../toolchain/images/layout";
import { imageRecipes } from "../../toolchain/images/recipes";
import { engineMessage, isRefusal, registryOf } from "../../toolchain/images/registry";
import { mavenArchives } from "../../toolchain/maven";

const recipes = Object.entries(imageRecipes) as [ImageName, ImageRecipe][];

// Programs of which the pinned release cannot be built; docs/versions.md says which one is.
const otherRelease: ImageName[] = ["filebeat"];

describe("the recipes of the images", () => {
  it.each(recipes.filter(([name, recipe]) => recipe.source === "built" && !otherRelease.includes(name)))(
    "%s is built from the release that its reference pins",
    (name, recipe) => {
      const tag = images[name].reference.split(":").at(-1);
      expect(tag?.replace(/^v/, "")).toBe(recipe.version);
    },
  );

  it.each(recipes)("%s places only binaries that its program builds", (_, recipe) => {
    const known = recipe.program ? Object.keys(goRecipes[recipe.program].binaries) : [];
    expect(known).toEqual(expect.arrayContaining(Object.keys(recipe.binaries ?? {})));
  });

  it.each(recipes)("%s owns the directories that the table says it does", (name, recipe) => {
    const uid = { nobody: 65534 }[recipe.user ?? ""] ?? Number.parseInt(recipe.user ?? "0", 10);
    const image: Image = images[name];
    const owned = layout(recipe).flatMap((entry) =>
      entry.kind === "directory" && entry.uid === uid ? [entry.path] : [],
    );
    expect(owned).toEqual(expect.arrayContaining([...(image.ownedPaths ?? [])]));
  });

  it("gives a shell exactly where the vendor's image has one", () => {
    const without = recipes.filter(([, recipe]) => !recipe.shell).map(([name]) => name);
    expect(without.sort()).toEqual(["loki", "otelCollector", "redisExporter"]);
  });

  it("marks what is not the program itself", () => {
    const standIns = recipes.filter(([, recipe]) => recipe.source === "stand-in").map(([name]) => name);
    expect(standIns).toEqual(["grafana", "kibana", "logstash"]);
  });

  it("has the programs of Elastic at one release", () => {
    const tags = Object.values(images).flatMap(({ reference }) =>
      reference.startsWith("docker.elastic.co/") ? [reference.split(":")[1]] : [],
    );
    expect(tags).toHaveLength(4);
    expect(new Set(tags)).toEqual(new Set([mavenArchives.elasticsearch.version]));
  });
});

const sample: ImageRecipe = {
  title: "Sample",
  version: "1.0.0",
  source: "built",
  program: "stand-in",
  binaries: { "stand-in": "/usr/local/bin/sample" },
  shell: true,
  tmp: true,
  certificates: false,
  timeZones: false,
  accounts: { sample: { uid: 472, gid: 0 } },
  directories: [{ path: "/data/deep", mode: 0o750, uid: 472, gid: 0 }],
  files: [{ path: "/data/deep/file", content: "text" }],
  user: "472",
  workingDirectory: "/data",
  environment: { GREETING: 'hello "you"' },
  ports: [80, 81],
  volumes: ["/data/deep"],
  healthCheck: { command: ["/check"], interval: "30s", timeout: "3s" },
  entrypoint: ["/usr/local/bin/sample"],
  command: ["--flag"],
};

describe("layout", () => {
  it("puts every parent before its children", () => {
    const seen = new Set(["/"]);
    for (const entry of layout(sample)) {
      if ("path" in entry) {
        expect(seen).toContain(entry.path.slice(0, entry.path.lastIndexOf("/")) || "/");
        seen.add(entry.path);
      }
    }
  });

  it("keeps owners, modes and the sticky bit of /tmp", () => {
    expect(layout(sample)).toEqual(
      expect.arrayContaining([
        { kind: "directory", path: "/data", mode: 0o755, uid: 0, gid: 0 },
        { kind: "directory", path: "/data/deep", mode: 0o750, uid: 472, gid: 0 },
        { kind: "directory", path: "/tmp", mode: 0o1777, uid: 0, gid: 0 },
        { kind: "file", path: "/data/deep/file", mode: 0o644, uid: 0, gid: 0, content: "text" },
        { kind: "program", path: "/usr/local/bin/sample", program: "stand-in", binary: "stand-in" },
        { kind: "busybox" },
      ]),
    );
  });

  it("names each group once", () => {
    const group = layout(sample).find((entry) => entry.kind === "file" && entry.path === "/etc/group");
    expect(group).toMatchObject({ content: "root:x:0:\nnobody:x:65534:\n" });
  });

  it("writes what a recipe names itself before what packages and distributions bring", () => {
    const archive = { name: "elasticsearch", path: "/opt/server" } as const;
    const entries = layout({ ...sample, archive, packages: ["bash"], links: { "/bin/x": "/usr/bin/x" } });
    const order = entries.flatMap((entry) => (entry.kind === "directory" ? [] : [entry.kind]));
    expect(order).toEqual(["file", "file", "file", "program", "link", "archive", "package", "busybox"]);
    expect(entries).toContainEqual({ kind: "link", path: "/bin/x", target: "/usr/bin/x" });
    expect(entries).toContainEqual({ kind: "archive", ...archive });
  });

  it("gives an account its home", () => {
    const [passwd] = layout({ ...sample, accounts: { beat: { uid: 1000, gid: 0, home: "/usr/share/beat" } } }).filter(
      (entry) => entry.kind === "file" && entry.path === "/etc/passwd",
    );
    expect(passwd).toMatchObject({ content: expect.stringContaining("beat:x:1000:0:beat:/usr/share/beat:") });
  });

  it("refuses binaries of no program", () => {
    expect(() => layout({ ...sample, program: undefined })).toThrow(/Sample .* names no program/);
  });
});

describe("dockerfile", () => {
  it("writes what the recipe says, labels included", () => {
    expect(dockerfile(sample, "files.tar", { a: "b" })).toBe(
      [
        "FROM scratch",
        "ADD files.tar /",
        'ENV GREETING="hello \\"you\\""',
        "EXPOSE 80",
        "EXPOSE 81",
        'VOLUME ["/data/deep"]',
        "WORKDIR /data",
        "USER 472",
        'HEALTHCHECK --interval=30s --timeout=3s CMD ["/check"]',
        'LABEL "a"="b"',
        'ENTRYPOINT ["/usr/local/bin/sample"]',
        'CMD ["--flag"]',
        "",
      ].join("\n"),
    );
  });
});

describe("dockerfile of a recipe with build commands", () => {
  it("runs them as root, after the files are there", () => {
    const lines = dockerfile({ ...sample, build: ["compile --all"] }, "files.tar", {}).split("\n");
    const [added, run, user] = ["ADD", "RUN", "USER"].map((word) => lines.findIndex((line) => line.startsWith(word)));
    expect(lines[run ?? -1]).toBe("RUN compile --all");
    expect([added, run, user]).toEqual([added, run, user].sort((left, right) => (left ?? 0) - (right ?? 0)));
  });
});

describe("references", () => {
  it.each([
    ["busybox:1.35.0", "docker.io"],
    ["grafana/grafana:13.2.0", "docker.io"],
    ["quay.io/prometheus/prometheus:v3.16.0", "quay.io"],
    ["localhost/a:1", "localhost"],
    ["registry:5000/a:1", "registry:5000"],
  ])("%s comes from %s", (reference, registry) => {
    expect(registryOf(reference)).toBe(registry);
  });

  it("finds an image by its name and by its reference", () => {
    expect(imageName("loki")).toBe("loki");
    expect(imageName(images.loki.reference)).toBe("loki");
    expect(() => imageName("lokki")).toThrow(/no image lokki .* name: prometheus, /);
  });
});

describe("the engine's messages", () => {
  it.each([
    ['Get "https://registry.example/v2/": dial tcp: lookup registry.example on 10.0.0.1:53: no such host', false],
    ['Get "https://registry.example/v2/": dial tcp 10.0.0.1:443: connect: connection refused', false],
    ['Get "https://registry.example/v2/": net/http: request canceled (Client.Timeout exceeded)', false],
    ['Get "https://registry.example/v2/": Forbidden', false],
    ["manifest for a/b:1 not found: manifest unknown: manifest unknown", true],
    ["pull access denied for a/b, repository does not exist or may require 'docker login'", true],
    ["unauthorized: authentication required", true],
    ["toomanyrequests: You have reached your pull rate limit.", true],
  ])("%s: refusal %s", (message, refusal) => {
    expect(isRefusal(message)).toBe(refusal);
  });

  it("are shown without the client's HTTP status", () => {
    expect(engineMessage("(HTTP code 500) server error - no such host ")).toBe("no such host");
  });
});
