import { describe, expect, it } from "vitest";

import { HEALTHY, ordersWith } from "../../demo/orders";

describe("orders", () => {
  it("are those of a healthy platform without changes", () => {
    expect(ordersWith()).toEqual(HEALTHY);
  });

  it("add up what is told by name and what is listed", () => {
    const orders = ordersWith(
      { errorShare: { frontend: 0.1, "api-gateway": 0.2 }, idle: ["mcp-server"] },
      { errorShare: { "api-gateway": 0.4 }, idle: ["mcp-server", "frontend"] },
    );
    expect(orders.errorShare).toEqual({ frontend: 0.1, "api-gateway": 0.4 });
    expect(orders.idle).toEqual(["mcp-server", "frontend"]);
  });

  it("take the last of single values, and leave the others as they are", () => {
    const orders = ordersWith({ rate: 2, aiTokenFactor: 3 }, { rate: 5 });
    expect(orders).toEqual({ ...HEALTHY, rate: 5, aiTokenFactor: 3 });
    expect(HEALTHY.rate).toBe(1);
  });
});
