/** Puts a portal into its page. */
import { createDOMRenderer, FluentProvider, RendererProvider } from "@fluentui/react-components";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { lazy, StrictMode, Suspense } from "react";
import { createRoot } from "react-dom/client";

import { createQueryClient } from "@/api/queries";
import { startTexts } from "@/i18n/i18n";
import { PortalContext, type PortalDefinition } from "@/manifest/portal";
import { createPortalRouter, type PortalRouter } from "@/manifest/router";
import { RETURN_PATH } from "@/session/federation";
import { useSessionState } from "@/session/session";
import { LinkPage, linkKind } from "@/session/LinkPage";
import { SignInPage } from "@/session/SignInPage";
import { styleNonce } from "./nonce";
import { LiveUpdatesProvider } from "./LiveUpdatesProvider";
import { NotificationsProvider } from "./notifications";
import { useTheme } from "./theme";
import "./global.css";

const ReturnPage = lazy(() => import("@/session/ReturnPage"));

export async function startPortal(portal: PortalDefinition): Promise<void> {
  await startTexts(portal.resources.map((manifest) => manifest.namespace));
  const container = document.getElementById("portal");
  if (container === null) throw new Error("the page has no place for the portal");
  const nonce = styleNonce();
  const renderer = createDOMRenderer(document, nonce === null ? {} : { styleElementAttributes: { nonce } });
  const router = createPortalRouter(portal);
  createRoot(container).render(
    <StrictMode>
      <RendererProvider renderer={renderer}>
        <QueryClientProvider client={createQueryClient()}>
          <PortalContext value={portal}>
            <Themed router={router} />
          </PortalContext>
        </QueryClientProvider>
      </RendererProvider>
    </StrictMode>,
  );
}

function Themed({ router }: { router: PortalRouter }) {
  const theme = useTheme();
  const state = useSessionState();
  const link = linkKind(window.location.pathname);
  return (
    <FluentProvider theme={theme}>
      <Suspense fallback={null}>
        {window.location.pathname === RETURN_PATH ? (
          <ReturnPage />
        ) : link !== null ? (
          <LinkPage kind={link} />
        ) : state === "out" ? (
          <SignInPage />
        ) : (
          <LiveUpdatesProvider>
            <NotificationsProvider>
              <RouterProvider router={router} />
            </NotificationsProvider>
          </LiveUpdatesProvider>
        )}
      </Suspense>
    </FluentProvider>
  );
}
