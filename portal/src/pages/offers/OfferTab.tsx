/** A plan as it is offered: what it gives, what it costs, and what can be added to it. */
import { makeStyles } from "@fluentui/react-components";

import type { TabProps } from "@/manifest/types";
import { faceOf, OfferFace } from "./OfferFace";
import type { Plan } from "./Offers";

const useStyles = makeStyles({ tab: { maxWidth: "480px" } });

export default function OfferTab({ resource }: TabProps) {
  const styles = useStyles();
  return (
    <div className={styles.tab}>
      <OfferFace face={faceOf(resource as unknown as Plan)} />
    </div>
  );
}
