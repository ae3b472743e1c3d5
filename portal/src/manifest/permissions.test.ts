/** What a portal offers somebody is what its face of the API lets them do: the manifests against the API's own table. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { adminPortal } from "@/admin/registry";
import type { Needed } from "@/session/session";
import { tenantPortal } from "@/tenant/registry";
import type { PortalDefinition } from "./portal";

const TABLE = join(import.meta.dirname, "../../../tests/unit/edge/access.txt");
/** Rules that whoever is signed in meets. */
const EVERYBODY = new Set(["account.self", "change_request.self", "signed in", "public"]);

const plain = (path: string) => path.replace(/\{[^}]*\}/g, "{}");

/** What each route of a face demands, by method and path. */
function demandsOf(face: string): Map<string, string> {
  const lines = readFileSync(TABLE, "utf8").trim().split("\n");
  const rows = lines.map((line) => /^(\S+)\s+(\S+)\s+(\S+)\s+(.+)$/.exec(line)).filter((row) => row?.[1] === face);
  return new Map(rows.map((row) => [`${row?.[2]} ${plain(row?.[3] ?? "")}`, row?.[4] ?? ""]));
}

/** What asks for more than its list does, because it shows everybody's rather than one's own. */
const EVERYBODYS = new Set(["subscription in the rail", "plan tab subscriptions", "account tab subscriptions"]);

interface Offer {
  where: string;
  call: string;
  needed: Needed;
  /** Whether a dialog of its own decides what is sent, so that the call need not be a route. */
  own?: boolean;
  /** The page that it is on, which is seen by nobody who may not read it. */
  page?: string;
}

/** Everything that a portal's manifests offer: places in the rail, wizards, actions, tabs with other resources. */
function offersOf({ resources }: PortalDefinition): Offer[] {
  const lists = new Map(resources.map(({ type, paths }) => [type, paths.list]));
  return resources.flatMap(({ type, nav, paths, create, actions = [], tabs = [] }) => {
    const offers: Offer[] = actions.map(({ id, method, path, permission, dialog }) => ({
      where: `${type} ${id}`,
      call: `${method} ${path}`,
      needed: permission,
      own: dialog !== undefined,
    }));
    for (const tab of tabs) {
      if (tab.kind !== "related") continue;
      const call = `GET ${tab.path ?? lists.get(tab.type)}`;
      offers.push({ where: `${type} tab ${tab.id}`, call, needed: tab.permission, page: `GET ${paths.item}` });
    }
    if (create !== undefined) {
      const call = `${create.method ?? "POST"} ${create.path}`;
      offers.push({ where: `${type} create`, call, needed: create.permission });
    }
    if (nav !== undefined) {
      offers.push({ where: `${type} in the rail`, call: `GET ${paths.list}`, needed: nav.permission });
    }
    return offers;
  });
}

test.each([adminPortal, tenantPortal])("nothing that the portal of the $face face offers is refused", (portal) => {
  const demands = demandsOf(portal.face);
  expect(demands.size).toBeGreaterThan(100);
  const offers = offersOf(portal);
  expect(offers.length).toBeGreaterThan(50);
  const refused = offers.flatMap(({ where, call, needed, own, page = "" }) => {
    const demanded = demands.get(plain(call));
    if (demanded === undefined) return own === true ? [] : [`${where}: there is no ${call}`];
    const has = [needed, demands.get(plain(page))].flat();
    return EVERYBODY.has(demanded) || EVERYBODYS.has(where) || has.includes(demanded)
      ? []
      : [`${where}: ${call} demands ${demanded}`];
  });
  expect(refused).toEqual([]);
});
