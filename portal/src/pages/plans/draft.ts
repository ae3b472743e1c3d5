/** A plan that is being designed: what is filled in, what is wrong with it, and the body that makes it. */
import type { AdminSchemas } from "@/api/clients";

export type Provider = AdminSchemas["ProviderView"];

export interface ServiceDraft {
  offered: boolean;
  settings: Record<string, string>;
  /** As typed; null means unlimited. */
  quota: Record<string, string | null>;
}

export interface PlanDraft {
  name: string;
  description: string;
  /** As typed; empty allows any number. */
  perAccount: string;
  services: Record<string, ServiceDraft>;
}

/** A draft that offers everything within the providers' own limits: the shortest way to a plan that works. */
export function firstDraft(providers: readonly Provider[]): PlanDraft {
  const services = providers.map((provider) => [
    provider.name,
    {
      offered: true,
      settings: {},
      quota: Object.fromEntries(provider.dimensions.map((one) => [one.name, String(one.default)])),
    },
  ]);
  return { name: "", description: "", perAccount: "", services: Object.fromEntries(services) as PlanDraft["services"] };
}

export interface Fault {
  /** `name`, `services`, `settings.<provider>.<setting>`, `quota.<dimension>` or `perAccount`. */
  at: string;
  /** Key of the sentence below `designer`. */
  reason: string;
  values?: Record<string, number>;
}

const WHOLE = /^\d{1,15}$/;
const MOST_PER_ACCOUNT = 1000;

/** Everything that keeps the draft from being a plan. */
export function faultsOf(draft: PlanDraft, providers: readonly Provider[]): Fault[] {
  const faults: Fault[] = [];
  if (draft.name.trim() === "") faults.push({ at: "name", reason: "needs_name" });
  if (draft.perAccount !== "" && !within(draft.perAccount, MOST_PER_ACCOUNT)) {
    faults.push({ at: "perAccount", reason: "needs_number", values: { maximum: MOST_PER_ACCOUNT } });
  }
  const offered = providers.filter((provider) => draft.services[provider.name]?.offered === true);
  if (offered.length === 0) faults.push({ at: "services", reason: "nothing" });
  for (const provider of offered) faults.push(...serviceFaults(draft.services[provider.name], provider));
  return faults;
}

function serviceFaults(service: ServiceDraft | undefined, provider: Provider): Fault[] {
  const settings = provider.settings
    .filter((setting) => !service?.settings[setting.name])
    .map((setting) => ({ at: `settings.${provider.name}.${setting.name}`, reason: "needs_setting" }));
  const quota = provider.dimensions
    .filter((one) => {
      const typed = service?.quota[one.name];
      return typed !== null && (typed === undefined || !within(typed, one.maximum));
    })
    .map((one) => ({ at: `quota.${one.name}`, reason: "needs_number", values: { maximum: one.maximum } }));
  return [...settings, ...quota];
}

function within(typed: string, maximum: number): boolean {
  return WHOLE.test(typed) && Number(typed) <= maximum;
}

/** The body of `POST /plans`. Only for a draft without faults. */
export function bodyOf(draft: PlanDraft, providers: readonly Provider[]): AdminSchemas["NewPlanBody"] {
  return {
    name: draft.name.trim(),
    description: draft.description.trim(),
    subscriptions_per_account: draft.perAccount === "" ? null : Number(draft.perAccount),
    suspend_policy: "access_only",
    deletion_grace_days: 0,
    services: providers.flatMap((provider) => {
      const service = draft.services[provider.name];
      if (service?.offered !== true) return [];
      const quota = Object.entries(service.quota).map(([name, typed]) => [name, typed === null ? null : Number(typed)]);
      return [
        {
          provider: provider.name,
          settings: service.settings,
          quota: Object.fromEntries(quota) as Record<string, number | null>,
        },
      ];
    }),
  };
}
