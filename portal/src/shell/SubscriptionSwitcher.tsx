/** Chooses the subscription one works in, and stays on the page of the same kind. */
import { Button, Menu, MenuItem, MenuItemRadio, MenuList, MenuPopover, MenuTrigger } from "@fluentui/react-components";
import { ChevronDownRegular } from "@fluentui/react-icons";
import { useLocation, useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { listAddress } from "@/manifest/addresses";
import { useManifest } from "@/manifest/portal";
import { rememberSubscription, useCurrentSubscription, useSubscriptions } from "@/session/subscriptions";

export function SubscriptionSwitcher({ className }: { className: string }) {
  const { t } = useTranslation();
  const { subscription } = useCurrentSubscription();
  const subscriptions = useSubscriptions();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const all = subscriptions.data?.pages.flatMap((page) => page.value) ?? [];
  const choose = (id: string) => {
    rememberSubscription(id);
    const [, room, , collection] = pathname.split("/");
    void navigate({
      to: room === "subscriptions" && collection !== undefined ? `/subscriptions/${id}/${collection}` : "/",
    });
  };
  const manifest = useManifest("subscription");
  if (subscription === null) return null;
  return (
    <Menu
      checkedValues={{ subscription: [subscription.id] }}
      onCheckedValueChange={(_, data) => choose(data.checkedItems[0] ?? subscription.id)}
    >
      <MenuTrigger disableButtonEnhancement>
        <Button
          className={className}
          appearance="transparent"
          icon={<ChevronDownRegular />}
          iconPosition="after"
          aria-label={t("shell.subscription", { name: subscription.name })}
        >
          {subscription.name}
        </Button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {all.map((one) => (
            <MenuItemRadio key={one.id} name="subscription" value={one.id}>
              {one.name}
            </MenuItemRadio>
          ))}
          {manifest === null ? null : (
            <MenuItem onClick={() => void navigate({ to: listAddress(manifest, null) })}>
              {t("shell.all_subscriptions")}
            </MenuItem>
          )}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
