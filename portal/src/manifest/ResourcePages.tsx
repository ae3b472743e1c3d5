/** The pages of the portal's resources: finds the manifest that an address names. */
import { useParams } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";

import { rememberSubscription } from "@/session/subscriptions";
import { usePageTitle } from "@/shell/pageTitle";
import { DetailPage } from "./DetailPage";
import { ListPage } from "./ListPage";
import { usePortal } from "./portal";
import type { ResourceManifest } from "./types";
import { WizardPage } from "./WizardPage";

interface Address {
  manifest: ResourceManifest | null;
  id: string;
  values: Record<string, unknown>;
}

function useAddress(): Address {
  const portal = usePortal();
  const parameters: { collection?: string; id?: string; subscriptionId?: string } = useParams({ strict: false });
  const { collection = "", id = "", subscriptionId } = parameters;
  useEffect(() => {
    if (subscriptionId !== undefined && portal.face === "tenant") rememberSubscription(subscriptionId);
  }, [portal.face, subscriptionId]);
  const scope = subscriptionId === undefined ? "site" : "subscription";
  const manifest = portal.resources.find((one) => one.slug === collection && one.scope === scope) ?? null;
  return { manifest, id, values: subscriptionId === undefined ? {} : { subscription_id: subscriptionId } };
}

export function ListRoute() {
  const { manifest, values } = useAddress();
  const address = JSON.stringify([manifest?.slug, values]);
  return manifest === null ? <NothingHere /> : <ListPage key={address} manifest={manifest} values={values} />;
}

export function DetailRoute() {
  const { manifest, id, values } = useAddress();
  if (manifest?.paths.item === undefined) return <NothingHere />;
  return <DetailPage key={id} manifest={manifest} id={id} values={values} />;
}

export function CreateRoute() {
  const { manifest, values } = useAddress();
  if (manifest?.create === undefined) return <NothingHere />;
  return <WizardPage key={manifest.slug} manifest={manifest} create={manifest.create} values={values} />;
}

export function NothingHere() {
  const { t } = useTranslation();
  usePageTitle(t("shell.nothing_here"));
  return (
    <>
      <h1>{t("shell.nothing_here")}</h1>
      <p>{t("shell.nothing_here_text")}</p>
    </>
  );
}
