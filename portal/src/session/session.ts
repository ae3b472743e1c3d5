/** The portal's one session, and hooks on it. */
import { useQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";

import { keys } from "@/api/keys";
import { call, setCredentials } from "@/api/transport";
import { sessionStorageOfTab } from "./acting";
import { SessionStore, type SessionState } from "./store";

export const session = new SessionStore(sessionStorageOfTab());
setCredentials(session);

/** Whoever is signed in. */
export interface Me {
  id: string;
  email: string;
  name: string;
  role: string;
  generation: number;
  /** When it was proved that mail to the address reaches them. */
  verified_at?: string | null;
  /** Whether a password signs them in, too. */
  has_password?: boolean;
  /** What they may do; absent when the server does not tell, and then it decides on each request. */
  permissions?: string[];
  /** The account that an administrator acts for, who is the one this is about. */
  acting_for?: { id: string; name: string; email: string } | null;
}

export function useSessionState(): SessionState {
  return useSyncExternalStore(session.subscribe, session.snapshot);
}

export function useMe() {
  return useQuery({
    queryKey: keys.me,
    queryFn: async ({ signal }) => (await call<Me>("GET", "/accounts/me", { signal })).body,
    staleTime: 300_000,
  });
}

/** A permission that is needed, or several of which all are. */
export type Needed = string | readonly string[] | undefined;

/** Return a test for permissions. Everything is allowed until the server has said otherwise: it has the last word. */
export function usePermissions(): (needed: Needed) => boolean {
  const permissions = useMe().data?.permissions;
  return (needed) =>
    needed === undefined || permissions === undefined || [needed].flat().every((each) => permissions.includes(each));
}
