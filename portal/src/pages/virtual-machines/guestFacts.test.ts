import { expect, test } from "vitest";

import { factsOf } from "./GuestFacts";

const say = (key: string, values: Record<string, string> = {}) => [key, ...Object.values(values)].join(" ");
const facts = {
  available: true,
  reason: null,
  operating_system: { title: "Debian 12", name: null, version: null },
  kernel: null,
  hostname: "web",
  interfaces: [
    { name: "ens3", mac: null, addresses: ["10.0.0.2", "fe80::1"] },
    { name: "ens4", mac: null, addresses: [] },
  ],
  filesystems: [
    { mountpoint: "/", type: "ext4", total_bytes: 2 * 1024 ** 3, used_bytes: 1024 ** 3 },
    { mountpoint: "/data", type: "xfs", total_bytes: null, used_bytes: null },
  ],
  observed_at: "2026-01-01T00:00:00Z",
};

test("what a guest told is shown, and what it did not tell is left out", () => {
  const shown = new Map(factsOf(facts, say, "en"));
  expect(shown.get("guest.operating_system")).toBe("Debian 12");
  expect(shown.has("guest.kernel")).toBe(false);
  expect(shown.get("guest.addresses (ens3)")).toBe("10.0.0.2, fe80::1");
  expect(shown.has("guest.addresses (ens4)")).toBe(false);
  expect(shown.get("guest.filesystem /")).toMatch(/^guest.used 1.*2/);
  expect(shown.get("guest.filesystem /data")).toBe("xfs");
});
