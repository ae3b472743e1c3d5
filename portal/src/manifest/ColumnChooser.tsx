/** Chooses the columns of a list. The choice stands in the address. */
import {
  Button,
  Menu,
  MenuDivider,
  MenuItem,
  MenuItemCheckbox,
  MenuList,
  MenuPopover,
  MenuTrigger,
  Tooltip,
} from "@fluentui/react-components";
import { ColumnTripleEditRegular } from "@fluentui/react-icons";
import { useTranslation } from "react-i18next";

import { chosenColumns } from "./columns";
import type { ListSearch } from "./odata";
import type { Texts } from "./texts";
import type { ResourceManifest } from "./types";

export interface ColumnChooserProps {
  manifest: ResourceManifest;
  texts: Texts;
  search: ListSearch;
  onSearch: (search: ListSearch) => void;
}

export function ColumnChooser({ manifest, texts, search, onSearch }: ColumnChooserProps) {
  const { t } = useTranslation();
  const [first, ...others] = manifest.columns;
  const shown = chosenColumns(manifest, search.cols).map((column) => column.field);
  const choose = (fields: string[]) => {
    const wanted = new Set([first?.field, ...fields]);
    onSearch({
      ...search,
      cols: manifest.columns.map((column) => column.field).filter((field) => wanted.has(field)),
    });
  };
  return (
    <Menu
      checkedValues={{ columns: shown }}
      onCheckedValueChange={(_, data) => choose(data.checkedItems)}
      persistOnItemClick
    >
      <MenuTrigger disableButtonEnhancement>
        <Tooltip content={t("list.columns")} relationship="label">
          <Button appearance="subtle" icon={<ColumnTripleEditRegular />} />
        </Tooltip>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {others.map((column) => (
            <MenuItemCheckbox key={column.field} name="columns" value={column.field}>
              {texts.field(column.field)}
            </MenuItemCheckbox>
          ))}
          <MenuDivider />
          <MenuItem onClick={() => onSearch({ ...search, cols: undefined })}>{t("list.usual_columns")}</MenuItem>
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
