import { describe, expect, test } from "vitest";

import { drawPicture, subnetAt, type Box, type MachineShape, type NetworkShape } from "./layout";

const networks: NetworkShape[] = [
  {
    id: "n1",
    name: "front",
    state: "ready",
    subnets: [
      { id: "s1", name: "a", cidr: "10.0.0.0/24" },
      { id: "s2", name: "b", cidr: "10.0.1.0/24" },
    ],
  },
  { id: "n2", name: "back", state: "ready", subnets: [] },
];

function machine(id: string, ...subnets: string[]): MachineShape {
  const ports = subnets.map((subnet_id, index) => ({ id: `${id}-${index}`, subnet_id, address: `10.0.0.${index}` }));
  return { id, name: id, state: "running", ports };
}

function overlap(one: Box, other: Box): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}

describe("the picture of networks", () => {
  const machines = [
    ...Array.from({ length: 11 }, (_, n) => machine(`m${n}`, "s1")),
    machine("two", "s2", "s1"),
    machine("loose"),
  ];
  const picture = drawPicture(networks, machines);

  test("shows every machine once, and every port as a cable", () => {
    expect(picture.machines.map((one) => one.shape.id).sort()).toEqual(machines.map((one) => one.id).sort());
    expect(picture.cables).toHaveLength(13);
  });

  test("lets nothing overlap", () => {
    const boxes = [...picture.networks, ...picture.machines].map((one) => one.box);
    for (const [index, one] of boxes.entries()) {
      for (const other of boxes.slice(index + 1)) expect(overlap(one, other)).toBe(false);
    }
  });

  test("keeps subnets inside their network", () => {
    for (const subnet of picture.subnets) {
      const network = picture.networks.find((one) => one.shape.id === subnet.networkId);
      expect(subnet.box.y + subnet.box.height).toBeLessThanOrEqual(network?.box.height ?? 0);
    }
  });

  test("is the same when a machine changes its state", () => {
    const changed = machines.map((one) => ({ ...one, state: "stopped" }));
    expect(drawPicture(networks, changed).machines.map((one) => one.box)).toEqual(
      picture.machines.map((one) => one.box),
    );
  });

  test("finds the subnet under a point", () => {
    expect(subnetAt(picture, 40, 60)).toBe("s1");
    expect(subnetAt(picture, -5, 60)).toBeNull();
  });
});
