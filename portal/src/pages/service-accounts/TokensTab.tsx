/** The API tokens of a program's account. */
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

type Token = TenantSchemas["ApiTokenView"];

export default function TokensTab({ resource, manifest }: TabProps) {
  const { t, i18n } = useTranslation("service_accounts");
  const cache = useQueryClient();
  const path = `${fillPath(manifest.paths.item ?? "", resource)}/api-tokens`;
  const key = [...keys.type("api_token"), path];
  const found = useQuery({
    queryKey: key,
    queryFn: async ({ signal }) => (await call<{ value: Token[] }>("GET", path, { signal })).body.value,
  });
  const revoke = useMutation({
    mutationFn: (id: string) => call("DELETE", `${path}/${id}`),
    onSuccess: () => cache.invalidateQueries({ queryKey: key }),
  });
  const date = (text: string | null) =>
    text === null ? t("tokens.never") : new Date(text).toLocaleDateString(i18n.language);
  if (found.data?.length === 0) return <p>{t("tokens.none")}</p>;
  return (
    <>
      <ProblemMessage error={found.error ?? revoke.error} />
      <Table aria-label={t("tabs.tokens")}>
        <TableHeader>
          <TableRow>
            <TableHeaderCell>{t("tokens.name")}</TableHeaderCell>
            <TableHeaderCell>{t("tokens.expires")}</TableHeaderCell>
            <TableHeaderCell>{t("tokens.used")}</TableHeaderCell>
            <TableHeaderCell>{t("tokens.revoke")}</TableHeaderCell>
          </TableRow>
        </TableHeader>
        <TableBody>
          {(found.data ?? []).map((token) => (
            <TableRow key={token.id}>
              <TableCell>{token.name}</TableCell>
              <TableCell>{date(token.expires_at)}</TableCell>
              <TableCell>{date(token.last_used_at)}</TableCell>
              <TableCell>
                <Button
                  size="small"
                  aria-label={t("tokens.revoke_one", { name: token.name })}
                  disabled={revoke.isPending}
                  onClick={() => revoke.mutate(token.id)}
                >
                  {t("tokens.revoke")}
                </Button>
              </TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </>
  );
}
