/** The client certificates of a program's account. */
import {
  Button,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
} from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { TenantSchemas } from "@/api/clients";
import { keys } from "@/api/keys";
import { call, fillPath } from "@/api/transport";
import type { TabProps } from "@/manifest/types";
import { ProblemMessage } from "@/shell/ProblemMessage";

type Certificate = TenantSchemas["ClientCertificateView"];

export default function CertificatesTab({ resource, manifest }: TabProps) {
  const { t, i18n } = useTranslation("client_certificates");
  const cache = useQueryClient();
  const path = `${fillPath(manifest.paths.item ?? "", resource)}/client-certificates`;
  const key = [...keys.type("client_certificate"), path];
  const found = useQuery({
    queryKey: key,
    queryFn: async ({ signal }) => (await call<{ value: Certificate[] }>("GET", path, { signal })).body.value,
  });
  const remove = useMutation({
    mutationFn: (id: string) => call("DELETE", `${path}/${id}`),
    onSuccess: () => cache.invalidateQueries({ queryKey: key }),
  });
  const date = (text: string | null) => (text === null ? t("never") : new Date(text).toLocaleDateString(i18n.language));
  if (found.data?.length === 0) return <p>{t("none_of_program")}</p>;
  return (
    <>
      <ProblemMessage error={found.error ?? remove.error} />
      <Table aria-label={t("title")}>
        <TableHeader>
          <TableRow>
            <TableHeaderCell>{t("fields.name")}</TableHeaderCell>
            <TableHeaderCell>{t("fields.fingerprint")}</TableHeaderCell>
            <TableHeaderCell>{t("fields.expires_at")}</TableHeaderCell>
            <TableHeaderCell>{t("fields.last_used_at")}</TableHeaderCell>
            <TableHeaderCell>{t("actions.delete.title")}</TableHeaderCell>
          </TableRow>
        </TableHeader>
        <TableBody>
          {(found.data ?? []).map((certificate) => (
            <TableRow key={certificate.id}>
              <TableCell>{certificate.name}</TableCell>
              <TableCell title={certificate.fingerprint}>{certificate.fingerprint.slice(0, 16)}…</TableCell>
              <TableCell>{date(certificate.expires_at)}</TableCell>
              <TableCell>{date(certificate.last_used_at)}</TableCell>
              <TableCell>
                <Button
                  size="small"
                  aria-label={t("remove_one", { name: certificate.name })}
                  disabled={remove.isPending}
                  onClick={() => remove.mutate(certificate.id)}
                >
                  {t("actions.delete.title")}
                </Button>
              </TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </>
  );
}
