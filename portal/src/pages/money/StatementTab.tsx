/** A closed statement of anybody's: its lines, and its files. */
import { makeStyles } from "@fluentui/react-components";

import type { TenantSchemas } from "@/api/clients";
import type { TabProps } from "@/manifest/types";
import { StatementFiles } from "./StatementFiles";
import { StatementLines } from "./StatementLines";

const useStyles = makeStyles({ files: { marginBottom: "8px" } });

export default function StatementTab({ resource }: TabProps) {
  const styles = useStyles();
  const statement = resource as unknown as TenantSchemas["StatementView"];
  return (
    <>
      <div className={styles.files}>
        <StatementFiles path={`/statements/${resource.id}`} number={statement.number ?? ""} />
      </div>
      <StatementLines statement={statement} />
    </>
  );
}
