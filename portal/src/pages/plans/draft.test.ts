import { describe, expect, test } from "vitest";

import { bodyOf, faultsOf, firstDraft, type PlanDraft, type Provider, type ServiceDraft } from "./draft";

const machines: Provider = {
  name: "virtual_machines",
  title: "Virtual machines",
  version: "1",
  healthy: true,
  sentence: "",
  settings: [{ name: "cloud_id", title: "Cloud", collection: "/clouds" }],
  dimensions: [{ name: "vcpus", title: "CPUs", unit: "vCPU", default: 20, maximum: 100 }],
};

function draftWith(change: (draft: PlanDraft, service: ServiceDraft) => void): PlanDraft {
  const service: ServiceDraft = { offered: true, settings: { cloud_id: "c" }, quota: { vcpus: "8" } };
  const draft = { ...firstDraft([machines]), name: "Starter", services: { virtual_machines: service } };
  change(draft, service);
  return draft;
}

describe("a plan's draft", () => {
  test("begins with everything offered within the providers' defaults", () => {
    expect(firstDraft([machines]).services).toEqual({
      virtual_machines: { offered: true, settings: {}, quota: { vcpus: "20" } },
    });
  });

  test("without faults becomes the body of a plan", () => {
    const draft = draftWith(() => undefined);
    expect(faultsOf(draft, [machines])).toEqual([]);
    expect(bodyOf(draft, [machines])).toEqual({
      name: "Starter",
      description: "",
      subscriptions_per_account: null,
      suspend_policy: "access_only",
      deletion_grace_days: 0,
      services: [{ provider: "virtual_machines", settings: { cloud_id: "c" }, quota: { vcpus: 8 } }],
    });
  });

  test("says unlimited as null", () => {
    const draft = draftWith((_, service) => {
      service.quota["vcpus"] = null;
    });
    expect(faultsOf(draft, [machines])).toEqual([]);
    expect(bodyOf(draft, [machines]).services[0]?.quota).toEqual({ vcpus: null });
  });

  test.each(["", "-1", "1.5", "101", "many"])("refuses the limit %j", (typed) => {
    const draft = draftWith((_, service) => {
      service.quota["vcpus"] = typed;
    });
    expect(faultsOf(draft, [machines]).map((fault) => fault.at)).toEqual(["quota.vcpus"]);
  });

  test("needs a name, a setting and at least one service", () => {
    const nameless = draftWith((one, service) => {
      one.name = "  ";
      service.settings = {};
    });
    expect(faultsOf(nameless, [machines]).map((fault) => fault.at)).toEqual([
      "name",
      "settings.virtual_machines.cloud_id",
    ]);
    const empty = draftWith((_, service) => {
      service.offered = false;
    });
    expect(faultsOf(empty, [machines]).map((fault) => fault.at)).toEqual(["services"]);
  });

  test("leaves out what is not offered", () => {
    const draft = draftWith((_, service) => {
      service.offered = false;
    });
    expect(bodyOf(draft, [machines]).services).toEqual([]);
  });
});
