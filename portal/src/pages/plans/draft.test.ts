import { describe, expect, test } from "vitest";

import {
  addOnBody,
  changeOf,
  draftOf,
  faultsOf,
  firstDraft,
  limitChanges,
  planBody,
  textFor,
  type OfferDraft,
  type Plan,
  type Provider,
  type ServiceDraft,
} from "./draft";

const machines: Provider = {
  name: "virtual_machines",
  title: "Virtual machines",
  version: "1",
  healthy: true,
  sentence: "",
  settings: [{ name: "cloud_id", title: "Cloud", collection: "/clouds" }],
  dimensions: [{ name: "vcpus", title: "CPUs", unit: "vCPU", default: 20, maximum: 100 }],
};

const BODY = {
  name: "Starter",
  description: "",
  subscriptions_per_account: null,
  suspend_policy: "access_only",
  deletion_grace_days: 0,
  texts: [],
  fee: null,
  add_ons: [],
  services: [{ provider: "virtual_machines", settings: { cloud_id: "c" }, quota: { vcpus: 8 } }],
};

const text = (language: string, displayName = "Name") => ({ language, displayName, description: "", price: "" });

function draftWith(part: Partial<OfferDraft> = {}, service: Partial<ServiceDraft> = {}): OfferDraft {
  const sold = { offered: true, settings: { cloud_id: "c" }, quota: { vcpus: "8" }, ...service };
  return { ...firstDraft("plan", [machines]), name: "Starter", services: { virtual_machines: sold }, ...part };
}

const wrong = (draft: OfferDraft) => faultsOf("plan", draft, [machines]).map((fault) => fault.at);

describe("a plan's draft", () => {
  test("begins with everything offered within the providers' defaults", () => {
    expect(firstDraft("plan", [machines]).services).toEqual({
      virtual_machines: { offered: true, settings: {}, quota: { vcpus: "20" } },
    });
  });

  test("without faults becomes the body of a plan", () => {
    expect(wrong(draftWith())).toEqual([]);
    expect(planBody(draftWith())).toEqual(BODY);
  });

  test("says unlimited as null", () => {
    const draft = draftWith({}, { quota: { vcpus: null } });
    expect(wrong(draft)).toEqual([]);
    expect(planBody(draft).services[0]?.quota).toEqual({ vcpus: null });
  });

  test.each(["", "-1", "1.5", "101", "many"])("refuses the limit %j", (typed) => {
    expect(wrong(draftWith({}, { quota: { vcpus: typed } }))).toEqual(["quota.vcpus"]);
  });

  test("needs a name, a setting and at least one service", () => {
    expect(wrong(draftWith({ name: "  " }, { settings: {} }))).toEqual(["name", "settings.virtual_machines.cloud_id"]);
    expect(wrong(draftWith({}, { offered: false }))).toEqual(["services"]);
  });

  test("refuses sums, currencies, languages, codes and terms that are none", () => {
    const texts = [text("de"), text("DE"), text("Deutsch", " ")];
    expect(wrong(draftWith({ texts }))).toEqual([
      "texts.1.language",
      "texts.1.language",
      "texts.2.language",
      "texts.2.name",
    ]);
    expect(wrong(draftWith({ amount: "12,50" }))).toEqual(["amount"]);
    expect(wrong(draftWith({ amount: "12.50", currency: "€" }))).toEqual(["currency"]);
    expect(wrong(draftWith({ perAccount: "0", graceDays: "91", code: "abc" }))).toEqual([
      "perAccount",
      "graceDays",
      "code",
    ]);
    expect(wrong(draftWith({ links: [{ addOnId: "a", maximum: "0" }] }))).toEqual(["links.a"]);
  });

  test("carries prices, codes and add-ons in an order of their own", () => {
    const links = [
      { addOnId: "b", maximum: "" },
      { addOnId: "a", maximum: "3" },
    ];
    const body = planBody(draftWith({ amount: "12.50", period: "year", code: "open sesame", links }));
    expect(body.fee).toEqual({ amount: "12.50", currency: "EUR", period: "year" });
    expect(body.invitation_code).toBe("open sesame");
    expect(body.add_ons).toEqual([
      { add_on_id: "a", maximum: 3 },
      { add_on_id: "b", maximum: null },
    ]);
  });
});

describe("a change", () => {
  const plan = {
    ...BODY,
    id: "p",
    generation: 1,
    created_at: "2026-01-01T00:00:00Z",
    state: "public",
    needs_invitation_code: false,
    display: { language: null, name: "Starter", description: "", price: "" },
    services: [{ ...BODY.services[0], title: "Virtual machines", limits: [] }],
  } as unknown as Plan;

  test("of nothing is empty", () => {
    const before = draftOf("plan", plan, [machines]);
    expect(changeOf("plan", before, { ...before })).toEqual({});
  });

  test("names what is otherwise, and no more", () => {
    const before = draftOf("plan", plan, [machines]);
    const service = { offered: true, settings: { cloud_id: "c" }, quota: { vcpus: "4" } };
    const after = { ...before, graceDays: "7", services: { virtual_machines: service } };
    expect(changeOf("plan", before, after)).toEqual({
      deletion_grace_days: 7,
      services: [{ provider: "virtual_machines", settings: { cloud_id: "c" }, quota: { vcpus: 4 } }],
    });
    expect(limitChanges(before, after)).toEqual([{ dimension: "vcpus", before: 8, after: 4 }]);
  });

  test("keeps services whose provider is not there any more", () => {
    const gone = { provider: "lost", title: "Lost", settings: {}, quota: { things: 1 }, limits: [] };
    const before = draftOf("plan", { ...plan, services: [...plan.services, gone] }, [machines]);
    expect(planBody(before).services[1]).toEqual({ provider: "lost", settings: {}, quota: { things: 1 } });
  });
});

describe("an add-on's draft", () => {
  test("adds only what is given, and must add something", () => {
    const first = { ...firstDraft("add_on", [machines]), name: "More" };
    expect(faultsOf("add_on", first, [machines]).map((fault) => fault.at)).toEqual(["services"]);
    const idle = { offered: true, settings: {}, quota: { vcpus: "" } };
    const empty = { ...first, services: { virtual_machines: idle } };
    expect(faultsOf("add_on", empty, [machines]).map((fault) => fault.at)).toEqual(["adds.virtual_machines"]);
    const whole = { ...first, services: { virtual_machines: { ...idle, quota: { vcpus: "2" } } } };
    expect(faultsOf("add_on", whole, [machines])).toEqual([]);
    expect(addOnBody(whole).services).toEqual([{ provider: "virtual_machines", settings: {}, quota: { vcpus: 2 } }]);
  });
});

test("the text of the nearest language is shown, or else the first", () => {
  const texts = [text("en"), text("de-CH")];
  expect(textFor(texts, "de")?.language).toBe("de-CH");
  expect(textFor(texts, "en-GB")?.language).toBe("en");
  expect(textFor(texts, "fr")?.language).toBe("en");
  expect(textFor([], "fr")).toBeNull();
});
