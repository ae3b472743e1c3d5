/** The body of `POST /hosts` from what the wizard has: empty fields are left out, so that the server's own values hold. */
import type { FormValues } from "@/manifest/types";

const FIELDS = ["stamp_id", "name", "driver", "uri", "pool_path", "integration_bridge", "provider_address"];

export function hostBody(values: FormValues): Record<string, unknown> {
  const given = FIELDS.map((name) => [name, values[name]] as const).filter(
    ([, value]) => value !== undefined && value !== null && value !== "",
  );
  return Object.fromEntries(given);
}
