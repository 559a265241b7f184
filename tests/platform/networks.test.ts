import { describe, expect, it } from "vitest";

import { EDGE, segments } from "../../components/platform/networks";
import type { Reach, Workload } from "../../components/platform/workload";
import { workloadsOf } from "../../components/programs";
import { programsFor } from "../programs/support";

type Part = Pick<Workload, "name" | "ports" | "talksTo">;

const PEERS: Reach = { from: "peers" };

/** A program of which only its connections matter here. */
function program(name: string, talksTo: readonly string[] = [], reach: Reach = PEERS): Workload {
  const part: Part = { name, talksTo, ports: [{ name: "http", number: 80, reach }] };
  return part as Workload;
}

const membersOf = (...workloads: Workload[]) =>
  Object.fromEntries(segments(workloads).map(({ name, members }) => [name, members]));

describe("segments", () => {
  it("join a program with those that talk to it", () => {
    expect(membersOf(program("store"), program("reader", ["store"]))).toEqual({
      "from-reader": ["reader", "store"],
      edge: [],
      services: [],
    });
  });

  it("are one for all that the same programs talk to", () => {
    const members = membersOf(program("b"), program("a"), program("y", ["a", "b"]), program("x", ["b", "a"]));
    expect(members).toEqual({ "from-x-y": ["a", "b", "x", "y"], edge: [], services: [] });
  });

  it("are apart for those that different programs talk to", () => {
    const members = membersOf(program("logs"), program("traces"), program("x", ["logs"]), program("y", ["traces"]));
    expect(members).toEqual({ "from-x": ["logs", "x"], "from-y": ["traces", "y"], edge: [], services: [] });
  });

  it("hold a program that is both asked and asking twice", () => {
    const members = membersOf(program("store"), program("middle", ["store"]), program("front", ["middle"]));
    expect(members).toEqual({
      "from-front": ["front", "middle"],
      "from-middle": ["middle", "store"],
      edge: [],
      services: [],
    });
  });

  it("leave out a program that has no peers", () => {
    expect(membersOf(program("alone"))).toEqual({ edge: [], services: [] });
  });

  it.each<[string, string, readonly string[], Reach]>([
    ["an operator reaches", "edge", [], { from: "operator", published: 8080 }],
    ["goes out to the internet", "edge", ["internet"], PEERS],
    ["services reach", "services", [], { from: "services" }],
    ["asks services", "services", ["services"], PEERS],
  ])("put a program that %s on %s only", (_, segment, talksTo, reach) => {
    const members = { edge: [], services: [], [segment]: ["one"] };
    expect(membersOf(program("one", talksTo, reach))).toEqual(members);
  });

  it("put a program that services reach, also from the host, on both", () => {
    expect(membersOf(program("one", [], { from: "services", published: 4317 }))).toEqual({
      edge: ["one"],
      services: ["one"],
    });
  });

  it("let members of the edge out, but have no names there; inner ones have no way out", () => {
    const all = segments([program("store"), program("x", ["store"])]);
    expect(all.map(({ name, internal, servers }) => [name, internal, servers])).toEqual([
      ["from-x", true, ["store"]],
      [EDGE, false, []],
      ["services", false, []],
    ]);
  });

  it("do not depend on the order of the programs", () => {
    const programs = workloadsOf(programsFor());
    expect(segments([...programs].reverse())).toEqual(segments(programs));
  });

  it("refuse a peer that does not exist, by its name", () => {
    expect(() => segments([program("store"), program("reader", ["stroe"])])).toThrow(
      'reader talks to "stroe", which is not a program of this stack',
    );
  });
});

describe("segments of the stack", () => {
  const programs = workloadsOf(programsFor());
  const all = segments(programs);

  it("are these, with these members", () => {
    expect(membersOf(...programs)).toEqual({
      "from-grafana-jaeger-otel-collector": ["grafana", "jaeger", "otel-collector", "prometheus"],
      "from-grafana-otel-collector-prometheus-promtail": [
        "grafana",
        "loki",
        "otel-collector",
        "prometheus",
        "promtail",
      ],
      "from-grafana-prometheus": ["alertmanager", "grafana", "prometheus"],
      "from-prometheus": [
        "cadvisor",
        "grafana",
        "node-exporter",
        "otel-collector",
        "postgres-exporter",
        "prometheus",
        "promtail",
        "redis-exporter",
      ],
      edge: ["alertmanager", "cadvisor", "grafana", "jaeger", "loki", "node-exporter", "prometheus"],
      services: ["otel-collector", "postgres-exporter", "prometheus", "redis-exporter"],
    });
  });

  it.each(programs.flatMap(({ name, talksTo }) => talksTo.map((peer) => [name, peer] as const)))(
    "let %s reach %s",
    (name, peer) => {
      if (peer === "services") expect(all.find((segment) => segment.name === peer)?.members).toContain(name);
      else {
        const shared = all.filter(({ members }) => members.includes(name));
        expect(shared.some(({ servers }) => servers.includes(peer))).toBe(true);
      }
    },
  );

  it("name at the services only what they send to", () => {
    expect(all.find(({ name }) => name === "services")?.servers).toEqual(["otel-collector"]);
  });

  it("keep the stores from the services", () => {
    const services = all.find(({ name }) => name === "services")?.members ?? [];
    for (const store of ["loki", "jaeger", "grafana", "alertmanager"]) expect(services).not.toContain(store);
  });
});
