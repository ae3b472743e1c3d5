/** Which SSH keys may sign in to a machine; a new one can be added on the spot. */
import { Button, Checkbox, makeStyles, Skeleton, SkeletonItem, tokens } from "@fluentui/react-components";
import { AddRegular } from "@fluentui/react-icons";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { InputProps } from "@/manifest/types";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { NewKeyPane, type SshKey } from "./NewKeyPane";
import { useOptions } from "./useOptions";
import { useSubscriptionId } from "./useSubscriptionId";

const useStyles = makeStyles({
  room: { display: "flex", flexDirection: "column", gap: "4px", alignItems: "start" },
  list: {
    width: "100%",
    maxHeight: "240px",
    overflowY: "auto",
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
  },
  print: {
    display: "block",
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase100,
    color: tokens.colorNeutralForeground2,
    overflowWrap: "anywhere",
  },
  empty: { margin: 0, color: tokens.colorNeutralForeground2 },
});

/** As the API bounds it. */
const MOST = 20;

export function KeysInput({ value, onChange, onChosen, id, label }: InputProps) {
  const styles = useStyles();
  const { t } = useTranslation(["virtual_machines", "ssh_keys"]);
  const subscriptionId = useSubscriptionId();
  const known = useOptions<SshKey>("ssh_key", `/subscriptions/${subscriptionId}/ssh-keys`);
  const [adding, setAdding] = useState(false);
  const chosen = Array.isArray(value) ? (value as string[]) : [];
  const toggle = (key: SshKey, on: boolean) => {
    const others = chosen.filter((one) => one !== key.id);
    const now = on ? [...others, key.id] : others;
    onChange(now);
    const all = [...(known.data ?? []).filter((one) => one.id !== key.id), key];
    onChosen?.(all.filter((one) => now.includes(one.id)));
  };
  return (
    <div id={id} className={styles.room} role="group" aria-label={label}>
      <ProblemMessage error={known.error} onRetry={() => void known.refetch()} />
      {known.data === undefined ? (
        known.isPending ? (
          <Skeleton className={styles.list} aria-label={t("ssh_keys:title")}>
            <SkeletonItem size={40} />
          </Skeleton>
        ) : null
      ) : known.data.length === 0 ? (
        <p className={styles.empty}>{t("keys.none")}</p>
      ) : (
        <div className={styles.list}>
          {known.data.map((key) => (
            <div key={key.id}>
              <Checkbox
                checked={chosen.includes(key.id)}
                disabled={!chosen.includes(key.id) && chosen.length >= MOST}
                label={
                  <>
                    {key.name}
                    <span className={styles.print}>{key.fingerprint}</span>
                  </>
                }
                onChange={(_, data) => toggle(key, data.checked === true)}
              />
            </div>
          ))}
        </div>
      )}
      <Button size="small" icon={<AddRegular />} onClick={() => setAdding(true)}>
        {t("ssh_keys:create.title")}
      </Button>
      <NewKeyPane
        subscriptionId={subscriptionId}
        open={adding}
        onClose={(added) => {
          setAdding(false);
          if (added !== null) toggle(added, true);
        }}
      />
    </div>
  );
}

export default KeysInput;
