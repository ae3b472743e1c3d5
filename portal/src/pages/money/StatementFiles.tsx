/** A closed statement as a file: the PDF, or all of it as JSON. */
import { Button } from "@fluentui/react-components";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { problemFrom, ProblemError } from "@/api/problem";
import { apiUrl, authorizedFetch } from "@/api/transport";
import { useNotifications } from "@/shell/notifications";

export interface StatementFilesProps {
  /** Where the API has it. */
  path: string;
  number: string;
}

export function StatementFiles({ path, number }: StatementFilesProps) {
  const { t } = useTranslation("money");
  const { tellProblem } = useNotifications();
  const fetching = useMutation({
    mutationFn: (kind: "pdf" | "json") => keep(kind === "pdf" ? `${path}/pdf` : path, `statement-${number}.${kind}`),
    onError: tellProblem,
  });
  return (["pdf", "json"] as const).map((kind) => (
    <Button
      key={kind}
      size="small"
      appearance="subtle"
      disabled={fetching.isPending}
      aria-label={t("statements.file", { kind: kind.toUpperCase(), number })}
      onClick={() => fetching.mutate(kind)}
    >
      {kind.toUpperCase()}
    </Button>
  ));
}

/** Fetch a file with the session's token, and hand it to the person. */
export async function keep(path: string, name: string): Promise<void> {
  const response = await authorizedFetch(new Request(apiUrl(path)));
  if (!response.ok) throw new ProblemError(await problemFrom(response));
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
