/** Buttons that sign somebody in with an account that they have elsewhere. */
import { Button, Divider, makeStyles } from "@fluentui/react-components";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { ProblemMessage } from "@/shell/ProblemMessage";
import { leaveToSignIn } from "./federation";

const useStyles = makeStyles({ buttons: { display: "flex", flexDirection: "column", gap: "12px", marginTop: "16px" } });

export function ProviderButtons({ providers }: { providers: readonly { id: string; name: string }[] }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const leave = useMutation({ mutationFn: leaveToSignIn });
  return (
    <div className={styles.buttons}>
      <Divider>{t("session.or")}</Divider>
      {providers.map((provider) => (
        <Button key={provider.id} disabled={leave.isPending} onClick={() => leave.mutate(provider.id)}>
          {t("session.sign_in_with", { name: provider.name })}
        </Button>
      ))}
      <ProblemMessage error={leave.error} />
    </div>
  );
}
