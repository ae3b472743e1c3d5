import { expect, it } from "vitest";

import { machineBody } from "./machineBody";

it("sends tags by their keys, without those that have none", () => {
  const tags = [
    { key: " env ", value: "test" },
    { key: "", value: "lost" },
  ];
  expect(machineBody({ name: "web", tags })).toEqual({ name: "web", ports: [], tags: { env: "test" } });
});

it("leaves out what was left empty", () => {
  const values = {
    name: "web",
    image_id: "i",
    size: "small",
    disk_gib: undefined,
    availability_set_id: "",
    user_data: " \n",
    ssh_key_ids: [],
    tags: [{ key: "", value: "" }],
    ports: [
      { vm_network_id: "n", subnet_id: "s", address: " " },
      { vm_network_id: "n", subnet_id: "s", address: "10.0.0.5" },
      { vm_network_id: "", subnet_id: "", address: "" },
    ],
  };
  expect(machineBody(values)).toEqual({
    name: "web",
    image_id: "i",
    size: "small",
    ports: [
      { vm_network_id: "n", subnet_id: "s" },
      { vm_network_id: "n", subnet_id: "s", address: "10.0.0.5" },
    ],
  });
});
