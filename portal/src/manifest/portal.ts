/** A whole portal: which resources and pages it has, and in which order the rail shows them. */
import { createContext, useContext, type ComponentType } from "react";

import type { IconName } from "@/shell/icons";
import type { NavigationSection } from "@/shell/navigation";
import type { ComponentLoader, NavManifest, ResourceManifest } from "./types";

export interface PortalDefinition {
  /** The face of the API below `/api`. */
  face: "tenant" | "admin";
  /** Sections of the rail, in order. Title: `nav.sections.<id>` in `frame`. */
  sections: readonly string[];
  resources: readonly ResourceManifest[];
  pages: readonly PageDefinition[];
  /** A hook: sections of the rail that a subscription has besides, shown before the last one. */
  useMoreSections?: (subscriptionId: string | null) => readonly NavigationSection[];
}

/** A page that no manifest can describe. Title: `pages.<id>` in `frame`, or `title` in its namespace. */
export interface PageDefinition {
  id: string;
  /** From the root, such as `/` or `/subscriptions/$subscriptionId/topology`. */
  path: string;
  namespace: string;
  icon: IconName;
  nav?: NavManifest;
  component: ComponentLoader<object>;
}

export const PortalContext = createContext<PortalDefinition | null>(null);

export function usePortal(): PortalDefinition {
  const portal = useContext(PortalContext);
  if (portal === null) throw new Error("a component of the portal is used outside of it");
  return portal;
}

/** The manifest of a type; null when this portal has none, and then references to it are not links. */
export function useManifest(type: string): ResourceManifest | null {
  return usePortal().resources.find((manifest) => manifest.type === type) ?? null;
}

export type { ComponentType };
