/** What a site role allows: everything that whoever makes it may do themselves. */
import type { InputProps } from "@/manifest/types";
import { PermissionChooser } from "@/pages/account/PermissionChooser";
import { useMe } from "@/session/session";

export default function SitePermissionsInput({ value, onChange, id, label }: InputProps) {
  const own = useMe().data?.permissions ?? [];
  const chosen = Array.isArray(value) ? value.filter((each): each is string => typeof each === "string") : [];
  return <PermissionChooser offered={own} chosen={chosen} onChange={onChange} id={id} label={label} />;
}
