/** Sizes to choose from, with what each has, and why one cannot be taken. */
import {
  makeStyles,
  mergeClasses,
  Radio,
  RadioGroup,
  Skeleton,
  SkeletonItem,
  tokens,
} from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import { useQuery } from "@tanstack/react-query";

import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import type { InputProps } from "@/manifest/types";
import { formatBytes } from "@/manifest/values";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { leftOf, useUsage } from "./quota";
import { inOrder, misfitOf, type Size } from "./sizes";
import { useOptions } from "./useOptions";
import { useSubscriptionId } from "./useSubscriptionId";

const useStyles = makeStyles({
  group: {
    display: "grid",
    gridTemplateColumns: "repeat(auto-fill, minmax(min(100%, 220px), 1fr))",
    gap: "8px",
  },
  card: {
    display: "flex",
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
  },
  chosen: { border: `1px solid ${tokens.colorBrandStroke1}`, backgroundColor: tokens.colorBrandBackground2 },
  name: { fontWeight: tokens.fontWeightSemibold, overflowWrap: "anywhere" },
  specs: { display: "block", color: tokens.colorNeutralForeground2 },
  why: { display: "block", color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
});

const MIB = 1024 ** 2;

export interface SizeChoiceProps {
  value: string | null;
  onChange: (size: string) => void;
  onChosen?: (size: Size | null) => void;
  label: string;
  id?: string;
  /** The least memory that the machine needs. */
  minimumMemoryMib: number | null;
  /** What the machine holds of the quota already and gives back. */
  held?: { vcpus: number; memory_mib: number };
}

/** All sizes on offer as a group of radio buttons. */
export function SizeChoice({ value, onChange, onChosen, label, id, minimumMemoryMib, held }: SizeChoiceProps) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("virtual_machines");
  const subscriptionId = useSubscriptionId();
  const sizes = useOptions<Size>("size", `/subscriptions/${subscriptionId}/sizes`);
  const usage = useUsage(subscriptionId).data;
  if (sizes.error !== null) return <ProblemMessage error={sizes.error} onRetry={() => void sizes.refetch()} />;
  if (sizes.data === undefined) {
    return (
      <Skeleton className={styles.group} aria-label={label}>
        <SkeletonItem size={64} />
        <SkeletonItem size={64} />
        <SkeletonItem size={64} />
      </Skeleton>
    );
  }
  if (sizes.data.length === 0) return <p>{t("sizes.none")}</p>;
  const room = {
    minimumMemoryMib,
    vcpus: leftOf(usage, "vcpus") + (held?.vcpus ?? 0),
    memoryMib: leftOf(usage, "memory_mib") + (held?.memory_mib ?? 0),
  };
  return (
    <RadioGroup
      id={id}
      className={styles.group}
      aria-label={label}
      value={value ?? ""}
      onChange={(_, data) => {
        onChange(data.value);
        onChosen?.(sizes.data.find((size) => size.name === data.value) ?? null);
      }}
    >
      {inOrder(sizes.data).map((size) => {
        const misfit = misfitOf(size, room);
        const left = misfit === "vcpus" ? String(room.vcpus) : formatBytes(room.memoryMib * MIB, i18n.language);
        const needed = formatBytes((minimumMemoryMib ?? 0) * MIB, i18n.language);
        return (
          <div key={size.name} className={mergeClasses(styles.card, value === size.name && styles.chosen)}>
            <Radio
              value={size.name}
              disabled={misfit !== null && value !== size.name}
              label={
                <>
                  <span className={styles.name}>{size.name}</span>
                  <span className={styles.specs}>
                    {t("sizes.specs", { count: size.vcpus, memory: formatBytes(size.memory_mib * MIB, i18n.language) })}
                  </span>
                  {misfit === null ? null : (
                    <span className={styles.why}>{t(`sizes.${misfit}`, { left, needed })}</span>
                  )}
                </>
              }
            />
          </div>
        );
      })}
    </RadioGroup>
  );
}

interface Image {
  minimum_memory_mib: number;
}

/** The same as a field of the wizard: what is possible depends on the image chosen above it. */
export default function SizeInput({ value, onChange, onChosen, values, id, label }: InputProps) {
  const subscriptionId = useSubscriptionId();
  const imageId = typeof values["image_id"] === "string" ? values["image_id"] : "";
  const image = useQuery({
    queryKey: [...keys.type("image"), "options", subscriptionId, imageId],
    queryFn: async ({ signal }) => {
      const path = `/subscriptions/${subscriptionId}/images`;
      const query = { $filter: `id eq '${imageId}'`, $top: 1 };
      return (await call<{ value: Image[] }>("GET", path, { signal, query })).body.value[0] ?? null;
    },
    enabled: imageId !== "",
  });
  return (
    <SizeChoice
      id={id}
      label={label}
      value={typeof value === "string" ? value : null}
      onChange={onChange}
      {...(onChosen === undefined ? {} : { onChosen })}
      minimumMemoryMib={image.data?.minimum_memory_mib ?? null}
    />
  );
}
