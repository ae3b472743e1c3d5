/** What a plan or an add-on offers: each provider's service with its settings and limits. */
import {
  makeStyles,
  Subtitle2,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  tokens,
} from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { adminApi, type AdminSchemas } from "@/api/clients";
import { useDimensionTitle } from "@/manifest/dimensionTitle";
import { Reference } from "@/manifest/Reference";
import type { TabProps } from "@/manifest/types";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { amountText } from "./amounts";
import type { Provider } from "./draft";

const useStyles = makeStyles({
  service: { marginBottom: "24px", maxWidth: "640px" },
  settings: { margin: "4px 0 8px", color: tokens.colorNeutralForeground2 },
});

/** What the ids in settings refer to, by the collection they come from. */
const TYPES: Readonly<Record<string, string>> = { "/clouds": "cloud", "/logical-networks": "logical_network" };

export function useProviders() {
  return useQuery({
    queryKey: ["providers"],
    queryFn: async ({ signal }) => (await adminApi.GET("/providers", { signal })).data?.value ?? [],
  });
}

export default function ServicesTab({ resource, manifest }: TabProps) {
  const styles = useStyles();
  const { t, i18n } = useTranslation(["offer_designer", "offers"]);
  const titleOf = useDimensionTitle();
  const adds = manifest.type === "add_on";
  const providers = useProviders();
  const services = resource["services"] as AdminSchemas["PlannedServiceView"][];
  if (providers.error !== null) return <ProblemMessage error={providers.error} />;
  return services.map((service) => {
    const provider: Provider | undefined = providers.data?.find((one) => one.name === service.provider);
    const title = t(`offers:services.${service.provider}`, { defaultValue: service.title });
    return (
      <section key={service.provider} className={styles.service} aria-label={title}>
        <Subtitle2 as="h2">{title}</Subtitle2>
        {Object.entries(service.settings).map(([name, value]) => {
          const setting = provider?.settings.find((one) => one.name === name);
          const type = TYPES[setting?.collection ?? ""];
          return (
            <div key={name} className={styles.settings}>
              {t(`settings.${name}`, { defaultValue: setting?.title ?? name })}:{" "}
              {type === undefined ? (
                String(value)
              ) : (
                <Reference reference={{ type }} id={String(value)} resource={resource} />
              )}
            </div>
          );
        })}
        <Table size="small" aria-label={title}>
          <TableHeader>
            <TableRow>
              <TableHeaderCell>{t("dimension")}</TableHeaderCell>
              <TableHeaderCell>{t(adds ? "adds" : "limit")}</TableHeaderCell>
            </TableRow>
          </TableHeader>
          <TableBody>
            {Object.entries(service.quota).map(([name, limit]) => {
              const dimension = provider?.dimensions.find((one) => one.name === name);
              return (
                <TableRow key={name}>
                  <TableCell>{titleOf(name, dimension?.title ?? name)}</TableCell>
                  <TableCell>
                    {limit === null
                      ? t("unlimited")
                      : (adds ? "+" : "") + amountText(limit, dimension?.unit ?? "count", i18n.language)}
                  </TableCell>
                </TableRow>
              );
            })}
          </TableBody>
        </Table>
      </section>
    );
  });
}
