/** The bell: how much goes on, and a list of it with progress. */
import {
  Button,
  CounterBadge,
  makeStyles,
  Popover,
  PopoverSurface,
  PopoverTrigger,
  ProgressBar,
  tokens,
  Tooltip,
} from "@fluentui/react-components";
import { AlertRegular } from "@fluentui/react-icons";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { call } from "@/api/transport";
import { goesOn, type Operation } from "@/api/wire";
import { itemAddress } from "@/manifest/addresses";
import { StateMark } from "@/manifest/FieldValue";
import { useManifest, usePortal } from "@/manifest/portal";
import { formatAgo, toneOf } from "@/manifest/values";
import { useNotifications, useOperationTitle, useRecentOperations } from "./notifications";

const useStyles = makeStyles({
  holder: { position: "relative", display: "inline-flex" },
  badge: { position: "absolute", top: "1px", right: "0", pointerEvents: "none" },
  surface: { width: "min(400px, calc(100vw - 32px))", maxHeight: "70vh", overflowY: "auto", padding: "12px 16px" },
  title: { margin: "0 0 8px", fontSize: tokens.fontSizeBase400 },
  list: { listStyleType: "none", margin: 0, padding: 0 },
  item: { padding: "8px 0", borderTop: `1px solid ${tokens.colorNeutralStroke3}` },
  head: { display: "flex", justifyContent: "space-between", gap: "8px" },
  what: { minWidth: 0, overflowWrap: "anywhere" },
  small: { fontSize: tokens.fontSizeBase200, color: tokens.colorNeutralForeground3, overflowWrap: "anywhere" },
  all: { display: "block", paddingTop: "8px", color: tokens.colorBrandForegroundLink },
});

export function NotificationsButton({ className }: { className: string }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const operations = useRecentOperations().data ?? [];
  const running = operations.filter(goesOn).length;
  const manifest = useManifest("operation");
  return (
    <Popover positioning="below-end" trapFocus>
      <PopoverTrigger disableButtonEnhancement>
        <Tooltip content={t("notifications.button", { count: running })} relationship="label">
          <Button
            className={className}
            appearance="transparent"
            icon={
              <span className={styles.holder}>
                <AlertRegular />
                {running > 0 ? (
                  <CounterBadge className={styles.badge} size="small" color="danger" count={running} aria-hidden />
                ) : null}
              </span>
            }
          />
        </Tooltip>
      </PopoverTrigger>
      <PopoverSurface className={styles.surface} aria-label={t("notifications.title")}>
        <h2 className={styles.title}>{t("notifications.title")}</h2>
        {operations.length === 0 ? <p className={styles.small}>{t("notifications.none")}</p> : null}
        <ul className={styles.list}>
          {operations.map((operation) => (
            <OperationEntry key={operation.id} operation={operation} />
          ))}
        </ul>
        {manifest === null ? null : (
          <Link to={`/${manifest.slug}`} className={styles.all}>
            {t("notifications.all")}
          </Link>
        )}
      </PopoverSurface>
    </Popover>
  );
}

/** One operation: what, how far, what it says, and a way to stop it. */
export function OperationEntry({ operation }: { operation: Operation }) {
  const styles = useStyles();
  const { t, i18n } = useTranslation();
  const titleOf = useOperationTitle();
  const portal = usePortal();
  const manifest = portal.resources.find((one) => one.type === operation.resource_type);
  const on = goesOn(operation);
  const title = titleOf(operation);
  return (
    <li className={styles.item}>
      <div className={styles.head}>
        <span className={styles.what}>
          {manifest?.paths.item === undefined ? (
            title
          ) : (
            <Link
              to={itemAddress(manifest, { id: operation.resource_id, subscription_id: operation.subscription_id })}
              style={{ color: "inherit" }}
            >
              {title}
            </Link>
          )}
        </span>
        {on && !operation.cancel_requested ? <CancelButton operation={operation} /> : null}
      </div>
      {on ? (
        <ProgressBar value={operation.progress_percent / 100} aria-label={title} />
      ) : (
        <StateMark
          tone={toneOf(operation.state)}
          word={t(`operations.states.${operation.state}`, { defaultValue: operation.state })}
        />
      )}
      <div className={styles.small}>
        {operation.problem?.detail ?? operation.sentence}
        {operation.problem === null ? null : ` ${operation.problem.remedy}`}
      </div>
      <div className={styles.small}>
        {formatAgo(operation.finished_at ?? operation.created_at, Date.now(), i18n.language)}
      </div>
    </li>
  );
}

function CancelButton({ operation }: { operation: Operation }) {
  const { t } = useTranslation();
  const { tellProblem } = useNotifications();
  const cancel = () => void call("POST", `/operations/${operation.id}/cancel`).catch(tellProblem);
  return (
    <Button size="small" appearance="subtle" onClick={cancel}>
      {t("cancel")}
    </Button>
  );
}
