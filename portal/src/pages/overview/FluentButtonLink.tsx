/** A link within the portal, in Fluent's look. */
import { Link as FluentLink } from "@fluentui/react-components";
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";

export function FluentButtonLink({ to, children }: { to: string; children: ReactNode }) {
  const navigate = useNavigate();
  return (
    <FluentLink
      href={to}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        void navigate({ to });
      }}
    >
      {children}
    </FluentLink>
  );
}
