/** What a site role allows, in words. */
import { useTranslation } from "react-i18next";

import type { TabProps } from "@/manifest/types";
import { byGroup } from "@/pages/account/PermissionChooser";

export default function SiteRolePermissions({ resource }: TabProps) {
  const { t } = useTranslation("permissions");
  const permissions = Array.isArray(resource["permissions"]) ? resource["permissions"].map(String) : [];
  return (
    <>
      {byGroup(permissions).map(([group, held]) => (
        <section key={group}>
          <h2>{t(`groups.${group}`, { defaultValue: group })}</h2>
          <ul>
            {held.map((permission) => (
              <li key={permission}>
                {t(`texts.${permission.replace(".", "_")}`, { defaultValue: permission })} <code>{permission}</code>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}
