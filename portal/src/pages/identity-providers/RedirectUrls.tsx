/** The addresses that must be registered at an identity provider. */
import { makeStyles, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

import type { AdminSchemas } from "@/api/clients";
import { CopyButton } from "@/manifest/FieldValue";
import type { TabProps } from "@/manifest/types";

const useStyles = makeStyles({
  list: { display: "flex", flexDirection: "column", gap: "8px", padding: 0, listStyleType: "none" },
  item: { display: "flex", alignItems: "center", gap: "8px", fontFamily: tokens.fontFamilyMonospace },
});

export default function RedirectUrls({ resource }: TabProps) {
  const styles = useStyles();
  const { t } = useTranslation("identity_providers");
  const urls = resource["redirect_urls"] as AdminSchemas["RedirectUrlView"][];
  return (
    <>
      <p>{t("redirect_help")}</p>
      <ul className={styles.list}>
        {urls.map(({ portal, url }) => (
          <li key={portal} className={styles.item}>
            <span>{url}</span>
            <CopyButton text={url} />
          </li>
        ))}
      </ul>
    </>
  );
}
