/** The portal's addresses. Lists, details and wizards are found by their manifest's slug; pages by their own path. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, type AnyRoute } from "@tanstack/react-router";

import { PageFailed } from "@/shell/PageFailed";
import { Shell } from "@/shell/Shell";
import type { PortalDefinition } from "./portal";

const resourcePages = () => import("./ResourcePages");

export function createPortalRouter(portal: PortalDefinition) {
  const root = createRootRoute({
    component: Shell,
    notFoundComponent: lazyRouteComponent(resourcePages, "NothingHere"),
  });
  const pages: AnyRoute[] = portal.pages.map((page) =>
    createRoute({
      getParentRoute: () => root,
      path: page.path as "/",
      component: lazyRouteComponent(page.component),
    }),
  );
  const resources = ["/", "/subscriptions/$subscriptionId/"].flatMap((prefix) => resourceRoutes(prefix));
  function resourceRoutes(prefix: string): AnyRoute[] {
    const route = (path: string, name: "ListRoute" | "CreateRoute" | "DetailRoute") =>
      createRoute({
        getParentRoute: () => root,
        path: `${prefix}${path}`,
        component: lazyRouteComponent(resourcePages, name),
      });
    return [
      route("$collection", "ListRoute"),
      route("$collection/new", "CreateRoute"),
      route("$collection/$id", "DetailRoute"),
    ];
  }
  return createRouter({
    routeTree: root.addChildren([...pages, ...resources]),
    defaultPreload: "intent",
    defaultErrorComponent: PageFailed,
    scrollRestoration: false,
  });
}

export type PortalRouter = ReturnType<typeof createPortalRouter>;
