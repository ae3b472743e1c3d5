/** The add-ons that can be had with a plan, and how many of each one subscription may hold. */
import {
  Card,
  Checkbox,
  Field,
  Input,
  makeStyles,
  Subtitle2,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
} from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { adminApi } from "@/api/clients";
import { keys } from "@/api/keys";
import { FluentButtonLink } from "@/pages/overview/FluentButtonLink";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { useCardStyles, useFaultOf, type CardProps } from "./designerParts";
import type { AddOn, LinkDraft } from "./draft";

const SHOWN = 50;

const useStyles = makeStyles({ find: { maxWidth: "280px" }, maximum: { width: "90px" } });

export function useAddOns(search = "") {
  return useQuery({
    queryKey: [...keys.lists("add_on"), "choices", search],
    queryFn: async ({ signal }) => {
      const query = { $top: SHOWN, $orderby: "name", $count: true, ...(search === "" ? {} : { $search: search }) };
      return (await adminApi.GET("/add-ons", { params: { query }, signal })).data;
    },
    placeholderData: (before) => before,
  });
}

export interface LinksCardProps extends CardProps {
  /** Names of those that the plan has already, by id. */
  named: ReadonlyMap<string, string>;
}

export function LinksCard({ draft, faults, change, named }: LinksCardProps) {
  const styles = useStyles();
  const card = useCardStyles();
  const { t } = useTranslation("offer_designer");
  const faultOf = useFaultOf(faults);
  const [search, setSearch] = useState("");
  const found = useAddOns(search);
  const linked = new Map(draft.links.map((link) => [link.addOnId, link]));
  const [chosen, setChosen] = useState(named);
  const rows = rowsOf(found.data?.value ?? [], draft.links, chosen);
  const without = (id: string) => draft.links.filter((one) => one.addOnId !== id);
  const set = (one: LinkDraft) => change({ links: [...without(one.addOnId), one] });
  const link = (row: Row) => {
    // Its name is still known when another search no longer finds it.
    setChosen(new Map(chosen).set(row.id, row.name));
    set({ addOnId: row.id, maximum: "" });
  };
  const left = (found.data?.["@odata.count"] ?? 0) > SHOWN;
  return (
    <Card className={card.card} role="group" aria-label={t("links")}>
      <Subtitle2 as="h2">{t("links")}</Subtitle2>
      <div className={card.note}>{t("links_help")}</div>
      <ProblemMessage error={found.error} onRetry={() => void found.refetch()} />
      {left || search !== "" ? (
        <Field label={t("find_add_on")} className={styles.find}>
          <Input value={search} onChange={(_, data) => setSearch(data.value)} />
        </Field>
      ) : null}
      {rows.length === 0 && search === "" ? (
        <div>
          {t("no_add_ons")} <FluentButtonLink to="/add-ons/new">{t("new_add_on")}</FluentButtonLink>
        </div>
      ) : null}
      {rows.length === 0 ? null : (
        <Table size="small" aria-label={t("links")}>
          <TableHeader>
            <TableRow>
              <TableHeaderCell>{t("add_on")}</TableHeaderCell>
              <TableHeaderCell>{t("maximum")}</TableHeaderCell>
            </TableRow>
          </TableHeader>
          <TableBody>
            {rows.map((row) => {
              const has = linked.get(row.id);
              return (
                <TableRow key={row.id}>
                  <TableCell>
                    <Checkbox
                      label={row.state === null ? row.name : `${row.name} (${t(`states.${row.state}`)})`}
                      checked={has !== undefined}
                      onChange={(_, data) => (data.checked === true ? link(row) : change({ links: without(row.id) }))}
                    />
                  </TableCell>
                  <TableCell>
                    {has === undefined ? (
                      "–"
                    ) : (
                      <Field {...faultOf(`links.${row.id}`)}>
                        <Input
                          className={styles.maximum}
                          inputMode="numeric"
                          aria-label={`${t("maximum")}: ${row.name}`}
                          placeholder={t("any_number")}
                          value={has.maximum}
                          onChange={(_, data) => set({ ...has, maximum: data.value.trim() })}
                        />
                      </Field>
                    )}
                  </TableCell>
                </TableRow>
              );
            })}
          </TableBody>
        </Table>
      )}
    </Card>
  );
}

interface Row {
  id: string;
  name: string;
  state: string | null;
}

/** Those that were found, and before them those that are linked and were not. */
function rowsOf(found: readonly AddOn[], links: readonly LinkDraft[], named: ReadonlyMap<string, string>): Row[] {
  const rows = found.map(({ id, name, state }): Row => ({ id, name, state: state === "public" ? null : state }));
  const there = new Set(rows.map((row) => row.id));
  const others = links.filter((link) => !there.has(link.addOnId));
  return [
    ...others.map((link): Row => ({ id: link.addOnId, name: named.get(link.addOnId) ?? link.addOnId, state: null })),
    ...rows,
  ];
}
