/** The operations that began last, with their progress. */
import { Subtitle2 } from "@fluentui/react-components";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { ListSearch } from "@/manifest/odata";
import { ResourceList } from "@/manifest/ResourceList";
import { operations } from "@/resources/operations";

export function RecentOperations() {
  const { t } = useTranslation("overview");
  const [search, setSearch] = useState<ListSearch>({});
  return (
    <section aria-label={t("recent")}>
      <Subtitle2 as="h2">{t("recent")}</Subtitle2>
      <ResourceList manifest={operations} values={{}} search={search} onSearch={setSearch} />
    </section>
  );
}
