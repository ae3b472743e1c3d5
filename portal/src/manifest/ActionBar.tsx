/** What can be done with a resource: buttons that say why when they are disabled, the rarer ones behind three dots. */
import {
  Button,
  makeStyles,
  Menu,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
  tokens,
  Tooltip,
} from "@fluentui/react-components";
import { MoreHorizontalRegular } from "@fluentui/react-icons";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { fillPath } from "@/api/transport";
import type { Resource } from "@/api/wire";
import { usePermissions } from "@/session/session";
import { ICONS } from "@/shell/icons";
import { useNotifications } from "@/shell/notifications";
import { ActionDialog } from "./ActionDialog";
import { runAction } from "./runAction";
import type { Texts } from "./texts";
import type { ActionManifest, ResourceManifest } from "./types";
import { failedCondition } from "./values";

const useStyles = makeStyles({
  bar: { display: "flex", flexWrap: "wrap", gap: "4px", margin: "0 -8px 8px" },
  danger: { color: tokens.colorPaletteRedForeground1 },
});

export interface ActionBarProps {
  manifest: ResourceManifest;
  resource: Resource;
  values: Readonly<Record<string, unknown>>;
  texts: Texts;
  /** Something was done; `gone` when the resource will not come back. */
  onDone?: () => void;
}

/** Why an action is not possible; null when it is. */
export function reasonAgainst(action: ActionManifest, resource: Resource, texts: Texts): string | null {
  const failed = failedCondition(resource, action.when);
  if (failed === null) return null;
  const own = failed.reason === undefined ? null : texts.maybe(`actions.${action.id}.reasons.${failed.reason}`);
  return own ?? texts.maybe(`actions.${action.id}.reason`) ?? texts.text("action.not_now");
}

/** Whether somebody must be asked first. */
export function asksFirst(action: ActionManifest): boolean {
  return (
    action.danger === true ||
    action.confirm !== undefined ||
    action.form !== undefined ||
    action.dialog !== undefined ||
    action.quota !== undefined
  );
}

export function ActionBar({ manifest, resource, values, texts }: ActionBarProps) {
  const styles = useStyles();
  const { t } = useTranslation();
  const may = usePermissions();
  const { follow, tellProblem } = useNotifications();
  const navigate = useNavigate();
  const [asked, setAsked] = useState<ActionManifest | null>(null);
  const actions = (manifest.actions ?? []).filter((action) => may(action.permission));
  const primary = actions.filter((action) => action.primary === true);
  const others = actions.filter((action) => action.primary !== true);
  const begin = (action: ActionManifest) => {
    if (action.opens !== undefined) void navigate({ to: fillPath(action.opens, { ...values, ...resource }) });
    else if (asksFirst(action)) setAsked(action);
    else void runAction(action, resource, values).then(({ operationId }) => follow(operationId), tellProblem);
  };
  if (actions.length === 0) return null;
  return (
    <div className={styles.bar} role="toolbar" aria-label={t("action.toolbar")}>
      {primary.map((action) => (
        <ActionButton key={action.id} action={action} resource={resource} texts={texts} onClick={() => begin(action)} />
      ))}
      {others.length === 0 ? null : (
        <Menu>
          <MenuTrigger disableButtonEnhancement>
            <Button appearance="subtle" icon={<MoreHorizontalRegular />}>
              {t("action.more")}
            </Button>
          </MenuTrigger>
          <MenuPopover>
            <MenuList>
              {others.map((action) => (
                <ActionItem
                  key={action.id}
                  action={action}
                  resource={resource}
                  texts={texts}
                  onClick={() => begin(action)}
                />
              ))}
            </MenuList>
          </MenuPopover>
        </Menu>
      )}
      {asked === null ? null : (
        <ActionDialog
          manifest={manifest}
          action={asked}
          resource={resource}
          values={values}
          onClose={() => setAsked(null)}
        />
      )}
    </div>
  );
}

interface OneAction {
  action: ActionManifest;
  resource: Resource;
  texts: Texts;
  onClick: () => void;
}

function ActionButton({ action, resource, texts, onClick }: OneAction) {
  const styles = useStyles();
  const Icon = ICONS[action.icon];
  const reason = reasonAgainst(action, resource, texts);
  const button = (
    <Button
      appearance="subtle"
      icon={<Icon />}
      disabledFocusable={reason !== null}
      className={action.danger === true && reason === null ? styles.danger : undefined}
      onClick={onClick}
    >
      {texts.text(`actions.${action.id}.title`)}
    </Button>
  );
  if (reason === null) return button;
  return (
    <Tooltip content={reason} relationship="description" withArrow>
      {button}
    </Tooltip>
  );
}

function ActionItem({ action, resource, texts, onClick }: OneAction) {
  const styles = useStyles();
  const Icon = ICONS[action.icon];
  const reason = reasonAgainst(action, resource, texts);
  return (
    <MenuItem
      icon={<Icon />}
      disabled={reason !== null}
      className={action.danger === true && reason === null ? styles.danger : undefined}
      {...(reason === null ? {} : { subText: reason })}
      onClick={onClick}
    >
      {texts.text(`actions.${action.id}.title`)}
    </MenuItem>
  );
}
