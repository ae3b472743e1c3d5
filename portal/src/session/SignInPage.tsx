/** What somebody sees who is not signed in. */
import { Button, makeStyles } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { usePortal } from "@/manifest/portal";
import { ForgotForm } from "./ForgotForm";
import { ask } from "./outside";
import { OutsidePage } from "./OutsidePage";
import { ProviderButtons } from "./ProviderButtons";
import { SignInForm } from "./SignInForm";
import { SignUpForm } from "./SignUpForm";

interface Options {
  sign_up: boolean;
  mail: boolean;
  identity_providers: { id: string; name: string }[];
}

const useStyles = makeStyles({
  other: { marginTop: "16px", display: "flex", flexDirection: "column", alignItems: "center" },
});

export function SignInPage() {
  const styles = useStyles();
  const { t } = useTranslation();
  const { face } = usePortal();
  const [form, setForm] = useState<"sign_in" | "sign_up" | "forgot">("sign_in");
  const options = useQuery({
    queryKey: ["sign-in-options"],
    queryFn: async () => (await (await ask("GET", "/sign-in-options")).json()) as Options,
    staleTime: Infinity,
  }).data;
  const titles = {
    sign_in: t(`session.sign_in_title_${face}`),
    sign_up: t("session.sign_up_title"),
    forgot: t("session.forgot_title"),
  };
  const mayJoin = face === "tenant" && options?.sign_up !== false;
  return (
    <OutsidePage title={titles[form]}>
      {form === "sign_in" ? <SignInForm /> : form === "sign_up" ? <SignUpForm /> : <ForgotForm />}
      {form === "sign_in" && options !== undefined && options.identity_providers.length > 0 ? (
        <ProviderButtons providers={options.identity_providers} />
      ) : null}
      <div className={styles.other}>
        {form === "sign_in" ? null : (
          <Button appearance="transparent" onClick={() => setForm("sign_in")}>
            {form === "sign_up" ? t("session.have_account") : t("session.back")}
          </Button>
        )}
        {form === "sign_in" && mayJoin ? (
          <Button appearance="transparent" onClick={() => setForm("sign_up")}>
            {t("session.no_account")}
          </Button>
        ) : null}
        {form === "sign_in" && options?.mail === true ? (
          <Button appearance="transparent" onClick={() => setForm("forgot")}>
            {t("session.forgot")}
          </Button>
        ) : null}
      </div>
    </OutsidePage>
  );
}
