/** Before and after, side by side. */
import { makeStyles, mergeClasses, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

import { CodeBlock } from "@/manifest/JsonView";
import { useTexts } from "@/manifest/texts";
import type { TabProps } from "@/manifest/types";
import { changesOf } from "./changes";

const useStyles = makeStyles({
  scroller: { overflowX: "auto", maxWidth: "1100px" },
  table: { borderCollapse: "collapse", width: "100%", minWidth: "360px", tableLayout: "fixed" },
  cell: {
    textAlign: "start",
    verticalAlign: "top",
    padding: "8px 12px 8px 0",
    borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
    overflowWrap: "anywhere",
  },
  value: {
    margin: 0,
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    whiteSpace: "pre-wrap",
  },
  gone: { color: tokens.colorPaletteRedForeground1 },
  come: { color: tokens.colorPaletteGreenForeground1 },
  name: { width: "24%", fontWeight: tokens.fontWeightSemibold },
});

export default function ChangesTab({ resource, manifest }: TabProps) {
  const styles = useStyles();
  const { t } = useTranslation("audit");
  const texts = useTexts(manifest);
  const changes = changesOf(resource);
  const detail = resource["detail"];
  return (
    <>
      {changes.length === 0 ? (
        <p>{t("changes.none")}</p>
      ) : (
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
        <div className={styles.scroller} tabIndex={0} role="region" aria-label={t("tabs.changes")}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col" className={mergeClasses(styles.cell, styles.name)}>
                  {t("changes.field")}
                </th>
                <th scope="col" className={styles.cell}>
                  {t("changes.before")}
                </th>
                <th scope="col" className={styles.cell}>
                  {t("changes.after")}
                </th>
              </tr>
            </thead>
            <tbody>
              {changes.map((change) => (
                <tr key={change.field}>
                  <th scope="row" className={mergeClasses(styles.cell, styles.name)}>
                    {texts.field(change.field)}
                  </th>
                  <td className={styles.cell}>
                    <Value text={change.before} className={styles.gone} mark="−" />
                  </td>
                  <td className={styles.cell}>
                    <Value text={change.after} className={styles.come} mark="+" />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {detail === null || detail === undefined ? null : (
        <CodeBlock text={JSON.stringify(detail, null, 2)} label={t("changes.detail")} />
      )}
    </>
  );
}

/** A value with a sign before it, because colour alone tells nothing to many. */
function Value(props: { text: string | null; className: string; mark: string }) {
  const styles = useStyles();
  if (props.text === null) return <>–</>;
  return (
    <pre className={mergeClasses(styles.value, props.className)}>
      {props.mark} {props.text}
    </pre>
  );
}
