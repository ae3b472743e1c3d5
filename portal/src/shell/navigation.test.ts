import { expect, test } from "vitest";

import { nearestEntry, type NavigationSection } from "./navigation";

const entries = ["/", "/subscriptions", "/subscriptions/1/virtual-machines", "/hosts"];
const sections: NavigationSection[] = [
  { id: "all", title: null, entries: entries.map((to) => ({ to, title: to, icon: "home" })) },
];

test("a page marks the entry that is nearest to it", () => {
  expect(nearestEntry(sections, "/subscriptions/1/virtual-machines/2")).toBe("/subscriptions/1/virtual-machines");
  expect(nearestEntry(sections, "/subscriptions/1")).toBe("/subscriptions");
  expect(nearestEntry(sections, "/hosts")).toBe("/hosts");
});

test("a page without an entry marks none", () => {
  expect(nearestEntry(sections, "/subscriptions/1/disks/2")).toBeNull();
  expect(nearestEntry(sections, "/hostsandmore")).toBeNull();
});
