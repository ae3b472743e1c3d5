/** When there is something to tell: percentages of the budget, of what it costs or is expected to cost. */
import { Button, Checkbox, Input, makeStyles, Select } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

import type { InputProps } from "@/manifest/types";

interface Threshold {
  percent: number;
  basis?: "actual" | "forecast";
  suspend?: boolean;
}

const MOST = 10;

const useStyles = makeStyles({
  list: { display: "flex", flexDirection: "column", gap: "8px" },
  row: { display: "flex", flexWrap: "wrap", gap: "4px 12px", alignItems: "center" },
  percent: { width: "110px" },
});

export default function ThresholdsInput({ value, onChange, id, label }: InputProps) {
  const styles = useStyles();
  const { t } = useTranslation("budgets");
  const rows = Array.isArray(value) ? (value as Threshold[]) : [];
  const set = (next: Threshold[]) => onChange(next.length === 0 ? undefined : next);
  const change = (place: number, part: Partial<Threshold>) =>
    set(rows.map((row, index) => (index === place ? { ...row, ...part } : row)));
  return (
    <div id={id} className={styles.list} role="group" aria-label={label}>
      {rows.map((row, place) => {
        const named = (what: string) => `${t(`thresholds.${what}`)} ${place + 1}`;
        return (
          <div key={place} className={styles.row}>
            <Input
              className={styles.percent}
              type="number"
              min={1}
              max={1000}
              aria-label={named("percent")}
              contentAfter="%"
              value={Number.isNaN(row.percent) ? "" : String(row.percent)}
              onChange={(_, data) => change(place, { percent: Number.parseInt(data.value, 10) })}
            />
            <Select
              aria-label={named("basis")}
              value={row.basis ?? "actual"}
              onChange={(_, data) => {
                const basis = data.value as "actual" | "forecast";
                change(place, basis === "forecast" ? { basis, suspend: false } : { basis });
              }}
            >
              <option value="actual">{t("values.basis.actual")}</option>
              <option value="forecast">{t("values.basis.forecast")}</option>
            </Select>
            <Checkbox
              label={t("thresholds.suspend")}
              aria-label={named("suspend")}
              checked={row.suspend ?? false}
              disabled={row.basis === "forecast"}
              onChange={(_, data) => change(place, { suspend: data.checked === true })}
            />
            <Button
              size="small"
              aria-label={named("remove")}
              onClick={() => set(rows.filter((_, index) => index !== place))}
            >
              {t("thresholds.remove")}
            </Button>
          </div>
        );
      })}
      <div>
        <Button size="small" disabled={rows.length >= MOST} onClick={() => set([...rows, { percent: 100 }])}>
          {t("thresholds.add")}
        </Button>
      </div>
    </div>
  );
}
