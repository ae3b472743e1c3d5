/** The add-ons that can be had with a plan. */
import { Table, TableBody, TableCell, TableHeader, TableHeaderCell, TableRow } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

import { StateMark } from "@/manifest/FieldValue";
import type { TabProps } from "@/manifest/types";
import { usePriceText } from "@/pages/offers/OfferFace";
import { FluentButtonLink } from "@/pages/overview/FluentButtonLink";
import type { Plan } from "./draft";
import { STATE_TONES } from "@/resources/offer-states";

export default function AddOnsTab({ resource }: TabProps) {
  const { t } = useTranslation(["offer_designer", "offers"]);
  const priceText = usePriceText();
  const links = (resource as unknown as Plan).add_ons;
  if (links.length === 0) return <p>{t("no_links")}</p>;
  return (
    <Table size="small" aria-label={t("links")}>
      <TableHeader>
        <TableRow>
          {["add_on", "state", "price", "maximum"].map((column) => (
            <TableHeaderCell key={column}>{t(column)}</TableHeaderCell>
          ))}
        </TableRow>
      </TableHeader>
      <TableBody>
        {links.map((link) => (
          <TableRow key={link.add_on_id}>
            <TableCell>
              <FluentButtonLink to={`/add-ons/${link.add_on_id}`}>{link.name}</FluentButtonLink>
            </TableCell>
            <TableCell>
              <StateMark tone={STATE_TONES[link.state]} word={t(`states.${link.state}`)} />
            </TableCell>
            <TableCell>{priceText({ price: link.display.price, fee: link.fee }) || "–"}</TableCell>
            <TableCell>{link.maximum ?? t("any_number")}</TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  );
}
