/** Typed clients, one per face, for pages that know their paths at compile time. */
import createClient, { type Middleware } from "openapi-fetch";

import type { paths as AdminPaths } from "./generated/admin";
import type { components as TenantComponents, paths as TenantPaths } from "./generated/tenant";
import type { components as AdminComponents } from "./generated/admin";
import { problemFrom, ProblemError } from "./problem";
import { API_ROOT, authorizedFetch } from "./transport";

export type TenantSchemas = TenantComponents["schemas"];
export type AdminSchemas = AdminComponents["schemas"];

/** Turns every answer that is not a success into a thrown `ProblemError`, so that no caller can forget to look. */
const refusing: Middleware = {
  async onResponse({ response }) {
    if (!response.ok) throw new ProblemError(await problemFrom(response));
  },
};

export const tenantApi = createClient<TenantPaths>({ baseUrl: API_ROOT, fetch: authorizedFetch });
export const adminApi = createClient<AdminPaths>({ baseUrl: API_ROOT, fetch: authorizedFetch });
tenantApi.use(refusing);
adminApi.use(refusing);
