/**
 * What goes on and what has ended: operations of the site that the person may see, and a word when one ends that they
 * started here. The operations are the server's, so they are there again after a reload, and on another machine.
 */
import { Toast, ToastBody, Toaster, ToastTitle, useId, useToastController } from "@fluentui/react-components";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { keys } from "@/api/keys";
import { problemOf } from "@/api/problem";
import { call } from "@/api/transport";
import { goesOn, type Operation, type Page } from "@/api/wire";
import { useMe, usePermissions } from "@/session/session";

const RECENT = 15;

interface Notifications {
  /** Say what has become of an operation once it has ended. */
  follow: (operationId: string | null | undefined) => void;
  /** Say something at once. */
  tell: (title: string, detail?: string, intent?: "success" | "error" | "info") => void;
  /** Show why something did not work. */
  tellProblem: (error: unknown) => void;
}

const NotificationsContext = createContext<Notifications | null>(null);

export function useNotifications(): Notifications {
  const notifications = useContext(NotificationsContext);
  if (notifications === null) throw new Error("notifications are used outside of the portal");
  return notifications;
}

/** The operations that began last, whose progress the events keep up to date. */
export function useRecentOperations() {
  const parameters = { $orderby: "created_at desc", $top: String(RECENT) };
  const known = useMe().isFetched;
  const may = usePermissions()("operation.read");
  return useQuery({
    enabled: known && may,
    queryKey: [...keys.type("operation"), "recent"],
    queryFn: async ({ signal }) =>
      (await call<Page<Operation>>("GET", "/operations", { query: parameters, signal })).body.value,
  });
}

export function useOperation(id: string | null) {
  return useQuery({
    queryKey: keys.item("operation", id ?? ""),
    queryFn: async ({ signal }) => (await call<Operation>("GET", `/operations/${id ?? ""}`, { signal })).body,
    enabled: id !== null,
    // Events move it; this is for the case that one is late, as when the stream is being opened again.
    refetchInterval: (query) => (query.state.data === undefined || goesOn(query.state.data) ? 10_000 : false),
  });
}

export function NotificationsProvider({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const toaster = useId("toaster");
  /** What is said in passing belongs to a landmark of the page. */
  const [place, setPlace] = useState<HTMLElement | null>(null);
  const { dispatchToast } = useToastController(toaster);
  const [followed, setFollowed] = useState<readonly string[]>([]);
  const client = useQueryClient();
  const tell = useCallback<Notifications["tell"]>(
    (title, detail, intent = "info") =>
      dispatchToast(
        <Toast>
          <ToastTitle>{title}</ToastTitle>
          {detail === undefined ? null : <ToastBody>{detail}</ToastBody>}
        </Toast>,
        { intent, timeout: intent === "error" ? 12_000 : 5_000 },
      ),
    [dispatchToast],
  );
  const value = useMemo<Notifications>(
    () => ({
      tell,
      tellProblem: (error) => {
        const problem = problemOf(error);
        tell(problem.title, `${problem.detail} ${problem.remedy}`, "error");
      },
      follow: (operationId) => {
        if (!operationId) return;
        setFollowed((known) => [...known, operationId]);
        void client.invalidateQueries({ queryKey: [...keys.type("operation"), "recent"] });
      },
    }),
    [client, tell],
  );
  const ended = useCallback((id: string) => setFollowed((known) => known.filter((one) => one !== id)), []);
  return (
    <NotificationsContext value={value}>
      {children}
      <section ref={setPlace} aria-label={t("notifications.messages")} />
      <Toaster toasterId={toaster} position="bottom-end" mountNode={place} />
      {followed.map((id) => (
        <Follower key={id} id={id} onEnd={ended} />
      ))}
    </NotificationsContext>
  );
}

/** Watches one operation to its end and says how it went. */
function Follower({ id, onEnd }: { id: string; onEnd: (id: string) => void }) {
  const { t } = useTranslation();
  const { tell } = useNotifications();
  const titleOf = useOperationTitle();
  const operation = useOperation(id).data;
  useEffect(() => {
    if (operation === undefined || goesOn(operation)) return;
    const failed = operation.state !== "succeeded";
    const state = t(`operations.states.${operation.state}`, { defaultValue: operation.state });
    tell(`${titleOf(operation)}: ${state}`, operation.problem?.detail, failed ? "error" : "success");
    onEnd(id);
  }, [operation, id, onEnd, t, tell, titleOf]);
  return null;
}

/** Name an operation for people: what is done, and to what. */
export function useOperationTitle(): (operation: Operation) => string {
  const { t } = useTranslation();
  return useCallback(
    (operation) => {
      const spelled = operation.kind.replaceAll(/[._]/g, " ");
      const what = t(`values.kind.${operation.kind.replaceAll(".", "_")}`, { defaultValue: spelled });
      return [what, operation.resource_name].filter(Boolean).join(" · ");
    },
    [t],
  );
}
