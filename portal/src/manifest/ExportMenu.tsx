/** Takes the list away as CSV or JSON, showing how far it is. */
import {
  Button,
  Menu,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
  Spinner,
  Tooltip,
} from "@fluentui/react-components";
import { ArrowDownloadRegular, DismissRegular } from "@fluentui/react-icons";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { useNotifications } from "@/shell/notifications";
import { chosenColumns } from "./columns";
import { download, EXPORT_LIMIT, readAll, toCsv, type ExportFormat } from "./export";
import type { ListSearch } from "./odata";
import type { ResourceManifest } from "./types";

export interface ExportMenuProps {
  manifest: ResourceManifest;
  search: ListSearch;
  path: string;
  parameters: Readonly<Record<string, string>>;
}

export function ExportMenu({ manifest, search, path, parameters }: ExportMenuProps) {
  const { t } = useTranslation();
  const { tell, tellProblem } = useNotifications();
  const [rows, setRows] = useState<number | null>(null);
  const abort = useRef<AbortController | null>(null);
  const take = async (format: ExportFormat) => {
    abort.current = new AbortController();
    setRows(0);
    try {
      const all = await readAll({ path, parameters, signal: abort.current.signal, onProgress: setRows });
      const text = format === "json" ? JSON.stringify(all, null, 2) : toCsv(all, chosenColumns(manifest, search.cols));
      download(`${manifest.slug}.${format}`, text, format === "json" ? "application/json" : "text/csv");
      if (all.length >= EXPORT_LIMIT) tell(t("list.export_bounded", { count: EXPORT_LIMIT }));
    } catch (error) {
      if (!abort.current.signal.aborted) tellProblem(error);
    } finally {
      setRows(null);
    }
  };
  if (rows !== null) {
    return (
      <Button
        appearance="subtle"
        icon={<DismissRegular />}
        aria-label={t("list.export_cancel")}
        onClick={() => abort.current?.abort()}
      >
        <Spinner size="extra-tiny" label={t("list.exporting", { count: rows })} />
      </Button>
    );
  }
  return (
    <Menu>
      <MenuTrigger disableButtonEnhancement>
        <Tooltip content={t("list.export")} relationship="label">
          <Button appearance="subtle" icon={<ArrowDownloadRegular />} />
        </Tooltip>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          <MenuItem onClick={() => void take("csv")}>{t("list.export_csv")}</MenuItem>
          <MenuItem onClick={() => void take("json")}>{t("list.export_json")}</MenuItem>
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
