/** A button that says why it cannot be used now. */
import { Button, Tooltip, type ButtonProps } from "@fluentui/react-components";
import type { ReactElement } from "react";

export interface ReasonedButtonProps {
  /** Null while it can be used. */
  reason: string | null;
  onClick: () => void;
  icon?: ReactElement;
  appearance?: ButtonProps["appearance"];
  children: string;
  /** What it is about, where several stand below each other. */
  of?: string;
}

export function ReasonedButton({ reason, onClick, icon, appearance, children, of }: ReasonedButtonProps) {
  const button = (
    <Button
      size="small"
      icon={icon ?? null}
      appearance={appearance ?? "secondary"}
      disabledFocusable={reason !== null}
      onClick={onClick}
      {...(of === undefined ? {} : { "aria-label": `${children}: ${of}` })}
    >
      {children}
    </Button>
  );
  if (reason === null) return button;
  return (
    <Tooltip content={reason} relationship="description">
      {button}
    </Tooltip>
  );
}
