/** The API tokens of a program's account. */
import { useTranslation } from "react-i18next";

import type { TenantSchemas } from "@/api/clients";
import { fillPath } from "@/api/transport";
import type { TabProps } from "@/manifest/types";
import { Credentials } from "./Credentials";

export default function TokensTab({ resource, manifest }: TabProps) {
  const { t } = useTranslation("service_accounts");
  return (
    <Credentials<TenantSchemas["ApiTokenView"]>
      path={`${fillPath(manifest.paths.item ?? "", resource)}/api-tokens`}
      type="api_token"
      words={{
        title: t("tabs.tokens"),
        none: t("tokens.none"),
        name: t("tokens.name"),
        expires: t("tokens.expires"),
        used: t("tokens.used"),
        never: t("tokens.never"),
        remove: t("tokens.revoke"),
        removeOne: (name) => t("tokens.revoke_one", { name }),
      }}
    />
  );
}
