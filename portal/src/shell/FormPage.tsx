/** The frame of pages on which something is made that no wizard makes: a form, and in its place what came of it. */
import { Button, Card, makeStyles, mergeClasses } from "@fluentui/react-components";
import type { ReactNode } from "react";

import { usePageTitle } from "./pageTitle";
import { ProblemMessage } from "./ProblemMessage";

const useStyles = makeStyles({
  card: { padding: "20px" },
  narrow: { maxWidth: "640px" },
  wide: { maxWidth: "1000px" },
  column: { display: "flex", flexDirection: "column", gap: "16px" },
  buttons: { display: "flex", gap: "8px", flexWrap: "wrap" },
});

interface FormPageProps {
  title: string;
  wide?: boolean;
  children: ReactNode;
}

export function FormPage({ title, wide = false, children }: FormPageProps) {
  const styles = useStyles();
  usePageTitle(title);
  return (
    <>
      <h1>{title}</h1>
      <Card className={mergeClasses(styles.card, wide ? styles.wide : styles.narrow)}>{children}</Card>
    </>
  );
}

interface PageFormProps {
  /** What the button says that sends it. */
  submit: string;
  /** Whether what is filled in can be sent. */
  ready: boolean;
  /** Whether it is being sent. */
  sending: boolean;
  error: Error | null;
  onSubmit: () => void;
  /** What the button says that leaves the page. */
  cancel: string;
  onCancel: () => void;
  children: ReactNode;
}

export function PageForm({ submit, ready, sending, error, onSubmit, cancel, onCancel, children }: PageFormProps) {
  const styles = useStyles();
  return (
    <form
      className={styles.column}
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      {children}
      <ProblemMessage error={error} />
      <div className={styles.buttons}>
        <Button type="submit" appearance="primary" disabled={!ready || sending}>
          {submit}
        </Button>
        <Button onClick={onCancel}>{cancel}</Button>
      </div>
    </form>
  );
}

/** What came of the form, and where to go on. */
export function PageOutcome({ buttons, children }: { buttons: ReactNode; children: ReactNode }) {
  const styles = useStyles();
  return (
    <div className={styles.column} aria-live="polite">
      {children}
      <div className={styles.buttons}>{buttons}</div>
    </div>
  );
}
