/** What a role allows: a box to tick for each permission. */
import { Checkbox, makeStyles } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

import type { InputProps } from "@/manifest/types";
import { PERMISSIONS } from "@/resources/members";

const useStyles = makeStyles({ group: { display: "flex", flexDirection: "column" } });

export default function PermissionsInput({ value, onChange, id, label }: InputProps) {
  const styles = useStyles();
  const { t } = useTranslation("subscription_roles");
  const chosen = Array.isArray(value) ? value.filter((each): each is string => typeof each === "string") : [];

  function toggle(permission: string, on: boolean): void {
    onChange(PERMISSIONS.filter((each) => (each === permission ? on : chosen.includes(each))));
  }

  return (
    <div className={styles.group} role="group" id={id} aria-label={label}>
      {PERMISSIONS.map((permission) => (
        <Checkbox
          key={permission}
          checked={chosen.includes(permission)}
          label={t(`permissions.${permission.replace(".", "_")}`)}
          onChange={(_, data) => {
            toggle(permission, data.checked === true);
          }}
        />
      ))}
    </div>
  );
}
