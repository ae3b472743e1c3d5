/** What a client certificate says. */
import { makeStyles, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

import type { TenantSchemas } from "@/api/clients";

const useStyles = makeStyles({
  facts: {
    display: "grid",
    gridTemplateColumns: "max-content minmax(0, 1fr)",
    columnGap: "16px",
    rowGap: "6px",
    margin: 0,
    "& dt": { color: tokens.colorNeutralForeground3 },
    "& dd": { margin: 0, overflowWrap: "anywhere" },
  },
  code: { fontFamily: tokens.fontFamilyMonospace },
});

export function CertificateFacts({ certificate }: { certificate: TenantSchemas["ClientCertificateView"] }) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("client_certificates");
  const day = (text: string) => new Date(text).toLocaleString(i18n.language);
  return (
    <dl className={styles.facts}>
      <dt>{t("fields.name")}</dt>
      <dd>{certificate.name}</dd>
      <dt>{t("fields.fingerprint")}</dt>
      <dd className={styles.code}>{certificate.fingerprint}</dd>
      <dt>{t("fields.subject")}</dt>
      <dd>{certificate.subject || "–"}</dd>
      <dt>{t("fields.issuer")}</dt>
      <dd>{certificate.issuer || "–"}</dd>
      <dt>{t("fields.key")}</dt>
      <dd>{certificate.key}</dd>
      <dt>{t("fields.expires_at")}</dt>
      <dd>{day(certificate.expires_at)}</dd>
    </dl>
  );
}
