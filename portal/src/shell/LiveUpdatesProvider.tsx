/** Follows the site's events while somebody is signed in, and keeps what is on the screen up to date with them. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, type ReactNode } from "react";

import { EventFeed } from "@/api/eventStream";
import { apiUrl, authorizedStream } from "@/api/transport";
import { LiveUpdates } from "@/manifest/liveUpdates";
import { markOutdated } from "@/manifest/outdated";
import { usePortal } from "@/manifest/portal";
import { useMe, usePermissions } from "@/session/session";

function openStream(after: string | null, signal: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = after === null ? {} : { "Last-Event-ID": after };
  return authorizedStream(new Request(apiUrl("/events"), { headers, signal }));
}

export function LiveUpdatesProvider({ children }: { children: ReactNode }) {
  const portal = usePortal();
  const client = useQueryClient();
  // A role may be without events; asking for them anyway would be refused again and again.
  const known = useMe().isFetched;
  const follows = usePermissions()("operation.read") && known;
  useEffect(() => {
    if (!follows) return undefined;
    const updates = new LiveUpdates(client, portal, markOutdated);
    const feed = new EventFeed({ open: openStream, onEvent: updates.take, onGap: updates.readAnew });
    feed.start();
    return () => feed.stop();
  }, [client, portal, follows]);
  return children;
}
