/** What each resource provider knows of a subscription. */
import { Table, TableBody, TableCell, TableHeader, TableHeaderCell, TableRow } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

import type { AdminSchemas } from "@/api/clients";
import { StateMark } from "@/manifest/FieldValue";
import type { TabProps } from "@/manifest/types";
import { formatValue, toneOf } from "@/manifest/values";

export default function SyncsTab({ resource }: TabProps) {
  const { t, i18n } = useTranslation("subscriptions");
  const syncs = (resource["syncs"] ?? []) as AdminSchemas["SyncView"][];
  if (syncs.length === 0) return <p>{t("syncs.none")}</p>;
  return (
    <Table size="small" aria-label={t("syncs.caption")}>
      <TableHeader>
        <TableRow>
          {["provider", "state", "updated", "error"].map((column) => (
            <TableHeaderCell key={column}>{t(`syncs.${column}`)}</TableHeaderCell>
          ))}
        </TableRow>
      </TableHeader>
      <TableBody>
        {syncs.map((sync) => (
          <TableRow key={sync.provider}>
            <TableCell>{sync.provider}</TableCell>
            <TableCell>
              <StateMark tone={toneOf(sync.state)} word={t(`states.${sync.state}`)} />
            </TableCell>
            <TableCell>{formatValue("date", sync.updated_at, i18n.language)}</TableCell>
            <TableCell>{sync.last_error ?? "–"}</TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  );
}
