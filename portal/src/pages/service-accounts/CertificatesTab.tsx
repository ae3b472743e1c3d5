/** The client certificates of a program's account. */
import { useTranslation } from "react-i18next";

import type { TenantSchemas } from "@/api/clients";
import { fillPath } from "@/api/transport";
import type { TabProps } from "@/manifest/types";
import { Credentials } from "./Credentials";

export default function CertificatesTab({ resource, manifest }: TabProps) {
  const { t } = useTranslation("client_certificates");
  return (
    <Credentials<TenantSchemas["ClientCertificateView"]>
      path={`${fillPath(manifest.paths.item ?? "", resource)}/client-certificates`}
      type="client_certificate"
      words={{
        title: t("title"),
        none: t("none_of_program"),
        name: t("fields.name"),
        expires: t("fields.expires_at"),
        used: t("fields.last_used_at"),
        never: t("never"),
        remove: t("actions.delete.title"),
        removeOne: (name) => t("remove_one", { name }),
      }}
      more={{
        head: t("fields.fingerprint"),
        cell: ({ fingerprint }) => <span title={fingerprint}>{fingerprint.slice(0, 16)}…</span>,
      }}
    />
  );
}
