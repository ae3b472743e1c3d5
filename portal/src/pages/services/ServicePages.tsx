/** List, detail and wizard of a collection that a resource provider in another process describes. */
import { Spinner } from "@fluentui/react-components";
import { useParams } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";

import { DetailPage } from "@/manifest/DetailPage";
import { ListPage } from "@/manifest/ListPage";
import { NothingHere } from "@/manifest/ResourcePages";
import type { ResourceManifest } from "@/manifest/types";
import { WizardPage } from "@/manifest/WizardPage";
import { rememberSubscription } from "@/session/subscriptions";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { manifestOf } from "./manifests";
import { useServices } from "./useServices";

interface Parameters {
  subscriptionId?: string;
  provider?: string;
  collection?: string;
  id?: string;
}

export function ServiceList() {
  const { manifest, values, rest } = useDescribed();
  return manifest === null ? rest : <ListPage key={manifest.slug} manifest={manifest} values={values} />;
}

export function ServiceDetail() {
  const { manifest, values, rest, id } = useDescribed();
  return manifest === null ? rest : <DetailPage key={id} manifest={manifest} id={id} values={values} />;
}

export function ServiceWizard() {
  const { manifest, values, rest } = useDescribed();
  if (manifest === null) return rest;
  if (manifest.create === undefined) return <NothingHere />;
  return <WizardPage key={manifest.slug} manifest={manifest} create={manifest.create} values={values} />;
}

function useDescribed() {
  const { subscriptionId = "", provider, collection, id = "" }: Parameters = useParams({ strict: false });
  const services = useServices(subscriptionId);
  useEffect(() => {
    rememberSubscription(subscriptionId);
  }, [subscriptionId]);
  const manifest = useMemo((): ResourceManifest | null => {
    const service = services.data?.find((one) => one.name === provider);
    const described = service?.collections.find((one) => one.name === collection);
    return service === undefined || described === undefined ? null : manifestOf(service, described);
  }, [services.data, provider, collection]);
  const values = useMemo(() => ({ subscription_id: subscriptionId }), [subscriptionId]);
  let rest = <NothingHere />;
  if (services.isPending) rest = <Spinner />;
  if (services.error !== null) rest = <ProblemMessage error={services.error} onRetry={() => void services.refetch()} />;
  return { manifest, values, rest, id };
}
