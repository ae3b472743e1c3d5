/** Permissions to choose from: a box to tick for each, grouped by what they are about, and one for each group. */
import { Checkbox, makeStyles, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

const useStyles = makeStyles({
  groups: {
    display: "grid",
    gridTemplateColumns: "repeat(auto-fill, minmax(300px, 1fr))",
    gap: "12px",
  },
  group: {
    display: "flex",
    flexDirection: "column",
    margin: 0,
    padding: "4px 8px",
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
  },
  whole: { fontWeight: tokens.fontWeightSemibold },
  one: { marginLeft: "20px" },
});

export interface PermissionChooserProps {
  offered: readonly string[];
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
  id?: string;
  label: string;
  disabled?: boolean;
}

/** Return permissions by what they are about: what stands before the dot. */
export function byGroup(permissions: readonly string[]): [string, string[]][] {
  const groups = new Map<string, string[]>();
  for (const permission of permissions) {
    const group = permission.split(".", 1)[0] ?? permission;
    groups.set(group, [...(groups.get(group) ?? []), permission]);
  }
  return [...groups];
}

export function PermissionChooser({ offered, chosen, onChange, id, label, disabled }: PermissionChooserProps) {
  const styles = useStyles();
  const { t } = useTranslation("permissions");

  function toggle(some: readonly string[], on: boolean): void {
    onChange(offered.filter((each) => (some.includes(each) ? on : chosen.includes(each))));
  }

  return (
    <div className={styles.groups} role="group" id={id} aria-label={label}>
      {byGroup(offered).map(([group, permissions]) => {
        const held = permissions.filter((each) => chosen.includes(each)).length;
        const title = t(`groups.${group}`, { defaultValue: group });
        return (
          <div key={group} className={styles.group} role="group" aria-label={title}>
            <Checkbox
              className={styles.whole}
              checked={held === 0 ? false : held === permissions.length ? true : "mixed"}
              disabled={disabled === true}
              label={title}
              onChange={() => toggle(permissions, held < permissions.length)}
            />
            {permissions.map((permission) => (
              <Checkbox
                key={permission}
                className={styles.one}
                checked={chosen.includes(permission)}
                disabled={disabled === true}
                label={t(`texts.${permission.replace(".", "_")}`, { defaultValue: permission })}
                onChange={(_, data) => toggle([permission], data.checked === true)}
              />
            ))}
          </div>
        );
      })}
    </div>
  );
}
