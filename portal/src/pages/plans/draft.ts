/** A plan or an add-on that is being designed: what is filled in, what is wrong with it, and the bodies it becomes. */
import type { AdminSchemas } from "@/api/clients";

export type Provider = AdminSchemas["ProviderView"];
export type Plan = AdminSchemas["PlanView"];
export type AddOn = AdminSchemas["AddOnView"];
export type OfferKind = "plan" | "add_on";
export type FeePeriod = AdminSchemas["FeePeriod"];
type Service = AdminSchemas["PlannedServiceBody"];
type PlanBody = AdminSchemas["NewPlanBody"];
type AddOnBody = AdminSchemas["NewAddOnBody"];

export const PERIODS: readonly FeePeriod[] = ["hour", "day", "month", "year"];
export const POLICIES = ["access_only", "pause_machines", "stop_machines"] as const;
export type Policy = (typeof POLICIES)[number];

export interface ServiceDraft {
  offered: boolean;
  settings: Record<string, string>;
  /** As typed; null means unlimited. In an add-on, empty adds nothing. */
  quota: Record<string, string | null>;
}

export interface TextDraft {
  language: string;
  displayName: string;
  description: string;
  price: string;
}

export interface LinkDraft {
  addOnId: string;
  /** As typed; empty allows any number. */
  maximum: string;
}

export interface OfferDraft {
  name: string;
  description: string;
  texts: readonly TextDraft[];
  /** Empty: nothing is due. */
  amount: string;
  currency: string;
  period: FeePeriod;
  services: Readonly<Record<string, ServiceDraft>>;
  /** Services of providers that are not there any more: kept as they are. */
  others: readonly Service[];
  /** What follows is of plans only. As typed; empty allows any number. */
  perAccount: string;
  /** Of a new plan; empty needs none. */
  code: string;
  suspendPolicy: Policy;
  graceDays: string;
  links: readonly LinkDraft[];
}

const NOTHING: Omit<OfferDraft, "services"> = {
  name: "",
  description: "",
  texts: [],
  amount: "",
  currency: "EUR",
  period: "month",
  others: [],
  perAccount: "",
  code: "",
  suspendPolicy: "access_only",
  graceDays: "0",
  links: [],
};

/** A draft to begin with: a plan that offers everything within the providers' own limits, or an add-on to nothing. */
export function firstDraft(kind: OfferKind, providers: readonly Provider[]): OfferDraft {
  const services = providers.map((provider) => [
    provider.name,
    {
      offered: kind === "plan",
      settings: {},
      quota: Object.fromEntries(
        provider.dimensions.map((one) => [one.name, kind === "plan" ? String(one.default) : ""]),
      ),
    },
  ]);
  return { ...NOTHING, services: Object.fromEntries(services) as OfferDraft["services"] };
}

/** The draft that an existing plan or add-on would have come from. */
export function draftOf(kind: OfferKind, offer: Plan | AddOn, providers: readonly Provider[]): OfferDraft {
  const first = firstDraft(kind, providers);
  const known = new Set(providers.map((provider) => provider.name));
  const services = Object.entries(first.services).map(([name, unused]) => {
    const service = offer.services.find((one) => one.provider === name);
    if (service === undefined) return [name, { ...unused, offered: false }];
    const quota = Object.entries(service.quota).map(([dimension, limit]) => [
      dimension,
      limit === null ? null : String(limit),
    ]);
    return [
      name,
      {
        offered: true,
        settings: service.settings as Record<string, string>,
        quota: { ...unused.quota, ...(Object.fromEntries(quota) as ServiceDraft["quota"]) },
      },
    ];
  });
  return {
    ...first,
    name: offer.name,
    description: offer.description,
    texts: offer.texts.map((text) => ({
      language: text.language,
      displayName: text.display_name,
      description: text.description,
      price: text.price,
    })),
    ...(offer.fee === null ? {} : { amount: offer.fee.amount, currency: offer.fee.currency, period: offer.fee.period }),
    services: Object.fromEntries(services) as OfferDraft["services"],
    others: offer.services
      .filter((service) => !known.has(service.provider))
      .map(({ provider, settings, quota }) => ({ provider, settings: settings as Service["settings"], quota })),
    ...("add_ons" in offer ? termsOf(offer) : {}),
  };
}

function termsOf(plan: Plan): Partial<OfferDraft> {
  return {
    perAccount: plan.subscriptions_per_account === null ? "" : String(plan.subscriptions_per_account),
    suspendPolicy: plan.suspend_policy,
    graceDays: String(plan.deletion_grace_days),
    links: plan.add_ons.map((one) => ({
      addOnId: one.add_on_id,
      maximum: one.maximum === null ? "" : String(one.maximum),
    })),
  };
}

export interface Fault {
  /** `name`, `texts.<place>.language`, `amount`, `settings.<provider>.<setting>`, `quota.<dimension>`, … */
  at: string;
  /** Key of the sentence. */
  reason: string;
  values?: Record<string, number>;
}

const WHOLE = /^\d{1,15}$/;
const AMOUNT = /^\d{1,12}(\.\d{1,6})?$/;
const CURRENCY = /^[A-Z]{3}$/;
const LANGUAGE = /^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/;
const MOST = 10_000;
const MOST_GRACE_DAYS = 90;
const LEAST_CODE = 4;

/** Everything that keeps the draft from being an offer. */
export function faultsOf(kind: OfferKind, draft: OfferDraft, providers: readonly Provider[]): Fault[] {
  const faults: Fault[] = [];
  if (draft.name.trim() === "") faults.push({ at: "name", reason: "needs_name" });
  faults.push(...textFaults(draft.texts));
  if (draft.amount !== "" && !AMOUNT.test(draft.amount)) faults.push({ at: "amount", reason: "needs_amount" });
  if (draft.amount !== "" && !CURRENCY.test(draft.currency)) faults.push({ at: "currency", reason: "needs_currency" });
  if (kind === "plan") faults.push(...termFaults(draft), ...linkFaults(draft.links));
  const offered = providers.filter((provider) => draft.services[provider.name]?.offered === true);
  if (offered.length === 0 && draft.others.length === 0) faults.push({ at: "services", reason: "nothing" });
  for (const provider of offered) faults.push(...serviceFaults(kind, draft.services[provider.name], provider));
  return faults;
}

function textFaults(texts: readonly TextDraft[]): Fault[] {
  return texts.flatMap((text, place) => {
    const before = texts.slice(0, place).some((one) => one.language.toLowerCase() === text.language.toLowerCase());
    return [
      ...(LANGUAGE.test(text.language) ? [] : [{ at: `texts.${place}.language`, reason: "needs_language" }]),
      ...(before ? [{ at: `texts.${place}.language`, reason: "language_twice" }] : []),
      ...(text.displayName.trim() === "" ? [{ at: `texts.${place}.name`, reason: "needs_name" }] : []),
    ];
  });
}

function termFaults(draft: OfferDraft): Fault[] {
  const faults: Fault[] = [];
  if (draft.perAccount !== "" && !within(draft.perAccount, 1, MOST)) {
    faults.push({ at: "perAccount", reason: "needs_count", values: { maximum: MOST } });
  }
  if (!within(draft.graceDays, 0, MOST_GRACE_DAYS)) {
    faults.push({ at: "graceDays", reason: "needs_number", values: { maximum: MOST_GRACE_DAYS } });
  }
  if (draft.code !== "" && draft.code.length < LEAST_CODE) {
    faults.push({ at: "code", reason: "needs_code", values: { minimum: LEAST_CODE } });
  }
  return faults;
}

function linkFaults(links: readonly LinkDraft[]): Fault[] {
  return links.flatMap((link) =>
    link.maximum === "" || within(link.maximum, 1, MOST)
      ? []
      : [{ at: `links.${link.addOnId}`, reason: "needs_count", values: { maximum: MOST } }],
  );
}

function serviceFaults(kind: OfferKind, service: ServiceDraft | undefined, provider: Provider): Fault[] {
  const settings = provider.settings
    .filter((setting) => kind === "plan" && !service?.settings[setting.name])
    .map((setting) => ({ at: `settings.${provider.name}.${setting.name}`, reason: "needs_setting" }));
  const quota = provider.dimensions
    .filter((one) => {
      const typed = service?.quota[one.name];
      if (kind === "add_on" && (typed === "" || typed === undefined)) return false;
      return typed !== null && (typed === undefined || !within(typed, 0, one.maximum));
    })
    .map((one) => ({ at: `quota.${one.name}`, reason: "needs_number", values: { maximum: one.maximum } }));
  const adds = Object.values(service?.quota ?? {}).some((typed) => typed !== "");
  const idle = kind === "add_on" && !adds ? [{ at: `adds.${provider.name}`, reason: "adds_nothing" }] : [];
  return [...settings, ...quota, ...idle];
}

function within(typed: string, minimum: number, maximum: number): boolean {
  return WHOLE.test(typed) && Number(typed) >= minimum && Number(typed) <= maximum;
}

/** The body of `POST /add-ons`. Only for a draft without faults. */
export function addOnBody(draft: OfferDraft): AddOnBody {
  return {
    name: draft.name.trim(),
    description: draft.description.trim(),
    services: [
      ...Object.entries(draft.services).flatMap(([name, service]) =>
        service.offered ? [serviceBody(name, service)] : [],
      ),
      ...draft.others,
    ],
    texts: draft.texts.map((text) => ({
      language: text.language,
      display_name: text.displayName.trim(),
      description: text.description.trim(),
      price: text.price.trim(),
    })),
    fee: draft.amount === "" ? null : { amount: draft.amount, currency: draft.currency, period: draft.period },
  };
}

function serviceBody(provider: string, service: ServiceDraft): Service {
  const quota = Object.entries(service.quota).flatMap(([name, typed]) =>
    typed === "" ? [] : [[name, typed === null ? null : Number(typed)]],
  );
  const settings = Object.entries(service.settings).filter(([, value]) => value !== "");
  return {
    provider,
    settings: Object.fromEntries(settings),
    quota: Object.fromEntries(quota) as Record<string, number | null>,
  };
}

/** The body of `POST /plans`. Only for a draft without faults. */
export function planBody(draft: OfferDraft): PlanBody {
  return {
    ...addOnBody(draft),
    subscriptions_per_account: draft.perAccount === "" ? null : Number(draft.perAccount),
    suspend_policy: draft.suspendPolicy,
    deletion_grace_days: Number(draft.graceDays),
    add_ons: [...draft.links]
      // The order says nothing; one and the same lets drafts be compared.
      .sort((one, other) => (one.addOnId < other.addOnId ? -1 : 1))
      .map((link) => ({ add_on_id: link.addOnId, maximum: link.maximum === "" ? null : Number(link.maximum) })),
    ...(draft.code === "" ? {} : { invitation_code: draft.code }),
  };
}

/** What a changed draft changes: the body of a PATCH, with those fields only. */
export function changeOf(kind: OfferKind, before: OfferDraft, after: OfferDraft): Partial<PlanBody> {
  const [old, wanted] = [before, after].map((draft) => (kind === "plan" ? planBody(draft) : addOnBody(draft)));
  const fields = Object.entries(wanted ?? {}).filter(
    ([field, value]) => JSON.stringify(value) !== JSON.stringify(old?.[field as keyof typeof old]),
  );
  return Object.fromEntries(fields);
}

export interface LimitChange {
  dimension: string;
  /** Null: unlimited; undefined: not included. */
  before: number | null | undefined;
  after: number | null | undefined;
}

/** The limits that differ between two drafts. */
export function limitChanges(before: OfferDraft, after: OfferDraft): LimitChange[] {
  const [old, wanted] = [limitsOf(before), limitsOf(after)];
  return [...new Set([...old.keys(), ...wanted.keys()])]
    .map((dimension) => ({ dimension, before: old.get(dimension), after: wanted.get(dimension) }))
    .filter((change) => change.before !== change.after);
}

function limitsOf(draft: OfferDraft): Map<string, number | null> {
  return new Map(
    addOnBody(draft).services.flatMap((service) =>
      Object.entries(service.quota ?? {}).map(([name, limit]) => [name, limit] as const),
    ),
  );
}

/** The text for a reader of a language: the nearest there is, else the first, as the server chooses it. */
export function textFor(texts: readonly TextDraft[], language: string): TextDraft | null {
  const parts = language.toLowerCase().split("-");
  for (let length = parts.length; length > 0; length -= 1) {
    const found = texts.find((text) => text.language.toLowerCase() === parts.slice(0, length).join("-"));
    if (found !== undefined) return found;
  }
  return texts.find((text) => text.language.toLowerCase().split("-")[0] === parts[0]) ?? texts[0] ?? null;
}
