/** How the states of plans and add-ons are coloured. */
import type { Tone } from "@/manifest/types";

export const STATE_TONES = { public: "good", private: "neutral", decommissioned: "warning" } as const satisfies Record<
  string,
  Tone
>;
