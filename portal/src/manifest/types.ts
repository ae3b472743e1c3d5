/**
 * A resource type as the portal sees it: plain data that the generic list, detail and wizard pages render.
 *
 * The core is JSON on purpose, so that a resource provider can serve one. Only what is marked with `ComponentLoader` is
 * code. Texts are not in here: they are found in the catalogue of the manifest's `namespace` by convention, see
 * docs/portal.md. Paths are those of the API's OpenAPI description, with `{subscription_id}`, `{id}` and any other field
 * of the resource in braces.
 */
import type { ComponentType } from "react";

import type { Resource } from "@/api/wire";
import type { IconName } from "@/shell/icons";
import type { Texts } from "./texts";

export interface ResourceManifest {
  /** As in lifecycle events, such as `virtual_machine`. */
  type: string;
  /** The segment of the portal's addresses, such as `virtual-machines`. */
  slug: string;
  /** The file in `locales/{language}/` that holds all its texts. */
  namespace: string;
  icon: IconName;
  /** Whether it lives below a subscription, or belongs to the site or the account. */
  scope: "subscription" | "site";
  paths: {
    /** The collection, such as `/subscriptions/{subscription_id}/virtual-machines`. */
    list: string;
    /** One of it; absent when the API has none, and then rows do not lead anywhere. */
    item?: string;
  };
  /** What it is called at the head of its page, when it has no name of its own: these fields, one after the other. */
  title?: readonly FieldManifest[];
  /** Where it stands in the rail; absent when it is reached through others only. */
  nav?: NavManifest;
  columns: readonly ColumnManifest[];
  /** How the list is ordered at first, as `$orderby` says it. Must be a sortable column. */
  defaultSort?: string;
  filters?: readonly FilterManifest[];
  /** How often its first page is read again, where no events tell of what has come. */
  refreshMs?: number;
  /** Whether the collection takes `$search`. */
  search?: boolean;
  /** Whether the collection is OData shaped (`$top`, `$filter`…). A few short ones are not. Default: true. */
  queryable?: boolean;
  actions?: readonly ActionManifest[];
  /** Fields at the top of the detail page. */
  essentials?: readonly FieldManifest[];
  /** Tabs of the detail page. JSON, Calls, Operations and History come by themselves after these. */
  tabs?: readonly TabManifest[];
  create?: CreateManifest;
  /** How `zaffre` names it, such as `vm`: for the command lines that the portal shows. */
  cli?: string;
  /** States in which it changes by itself; shown as being in motion. */
  transient?: readonly string[];
}

export interface NavManifest {
  /** A section of the portal's registry. */
  section: string;
  /** Place within the section, ascending. */
  order: number;
  /** Shown only to those who have it. */
  permission?: string;
}

/** How a value is shown. Sizes are shown with the unit that fits, instants in the reader's time zone. */
export type FieldKind =
  | "text"
  | "code"
  | "state"
  /** One of a known set of words: its text is `values.<field>.<value>`, with underscores for dots. */
  | "word"
  /** What was done, as events and operations name it, such as `virtual_machine.created`. */
  | "deed"
  | "boolean"
  | "number"
  | "percent"
  | "bytes"
  | "mib"
  | "gib"
  | "date"
  | "reference"
  | "tags"
  | "list";

/** How a state is coloured. Never the only sign: the word stands beside it. */
export type Tone = "good" | "neutral" | "busy" | "warning" | "bad";

export interface FieldManifest {
  /** Where the value is in the resource: `name`, `ports.0.address`, `ports.*.address`. Its title is `fields.<field>`. */
  field: string;
  kind: FieldKind;
  /** For `reference`: what it refers to. The name is looked up, a page at a time, and linked. */
  reference?: ReferenceManifest;
  /** For `state`: tones that differ from the usual ones. */
  tones?: Readonly<Record<string, Tone>>;
  /** Offer to copy the value. */
  copy?: boolean;
}

export interface ReferenceManifest {
  /** The manifest's type. */
  type: string;
  /** A field of this resource that already has the other's name. */
  nameField?: string;
}

export interface ColumnManifest extends FieldManifest {
  /** Whether the collection can be ordered by it. */
  sortable?: boolean;
  /** Whether it is shown until the reader chooses. Default: true. */
  visible?: boolean;
  /** Least width in pixels; what is left over is shared out in proportion. Default: 140. */
  width?: number;
  /** Which go first where there is little room: 1 stays, 3 goes first. Default: 2. */
  priority?: 1 | 2 | 3;
}

export type FilterManifest =
  | { field: string; kind: "enum"; options: readonly string[] }
  | { field: string; kind: "boolean" }
  | { field: string; kind: "text" }
  | { field: string; kind: "number" }
  | { field: string; kind: "date" }
  | { field: string; kind: "tags" }
  | { field: string; kind: "reference"; reference: ReferenceManifest };

/** A condition on the resource's fields. All that are given must hold. */
export interface Condition {
  field: string;
  in?: readonly unknown[];
  notIn?: readonly unknown[];
  /** Whether the field must have a value (true) or none (false). */
  present?: boolean;
  /** Names the sentence `actions.<id>.reasons.<reason>` that says why not; without it, `actions.<id>.reason`. */
  reason?: string;
}

/** Something that can be done with a resource. Texts: `actions.<id>.title`, `.reason`, `.confirm`, `.help`. */
export interface ActionManifest {
  id: string;
  icon: IconName;
  /** Offered only to those who have it, or all of them. */
  permission?: string | readonly string[];
  method: "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  /** What is always sent. */
  body?: Readonly<Record<string, unknown>>;
  /** When it is possible; else its button is disabled and says why. */
  when?: readonly Condition[];
  /** Also for many at once, from the list. */
  bulk?: boolean;
  /** In the command bar rather than behind the three dots. */
  primary?: boolean;
  /** Destroys or interrupts something: coloured, and always confirmed. */
  danger?: boolean;
  confirm?: ConfirmManifest;
  /** Fields to fill in first, in a dialog. */
  form?: readonly InputManifest[];
  /** Name of the body's schema in the OpenAPI description: gives the form its bounds. */
  bodySchema?: string;
  /** Instead of a form: a dialog of its own. It gets the resource and says when it is closed. */
  dialog?: ComponentLoader<DialogProps>;
  /** Instead of all that: the address of a page of this portal where it is done, filled from the resource. */
  opens?: string;
  /** What it does to quotas. */
  quota?: readonly QuotaEffect[];
  /** The command line that does the same; `{field}` is filled in from resource and form. */
  cli?: string;
}

export interface ConfirmManifest {
  /** Collections whose matching items go with it: listed by name in the dialog, up to a bound, with the count. */
  affected?: readonly RelatedManifest[];
  /** Whether the resource's name must be typed. */
  typeName?: boolean;
}

/** Resources of another type that belong to this one. */
export interface RelatedManifest {
  /** The other manifest's type. */
  type: string;
  /** Where they are, when not at their manifest's usual list; braces are filled from this resource. */
  path?: string;
  /** `$filter` that selects them; braces are filled from this resource. */
  filter?: string;
}

/** A tab of the detail page. Title: `tabs.<id>`. */
export type TabManifest = { id: string; permission?: string; when?: readonly Condition[] } & (
  | { kind: "fields"; groups: readonly FieldGroup[] }
  | ({ kind: "related" } & RelatedManifest)
  | { kind: "component"; component: ComponentLoader<TabProps> }
);

/** Title: `groups.<id>`. */
export interface FieldGroup {
  id: string;
  fields: readonly FieldManifest[];
}

export interface TabProps {
  resource: Resource;
  manifest: ResourceManifest;
}

export interface DialogProps extends TabProps {
  /** What fills paths beside the resource itself: the subscription. */
  values: Readonly<Record<string, unknown>>;
  /** Close it; `operationId` when something was started. */
  onClose: (operationId?: string | null) => void;
}

/** Code, fetched when it is shown. */
export type ComponentLoader<Props> = () => Promise<{ default: ComponentType<Props> }>;

/** The wizard that makes one. It ends in *Review + create* by itself. Title: `create.title`. */
export interface CreateManifest {
  permission?: string;
  method?: "POST" | "PUT";
  path: string;
  /** Name of the body's schema in the OpenAPI description: gives the fields their bounds. */
  bodySchema?: string;
  steps: readonly StepManifest[];
  quota?: readonly QuotaEffect[];
  /** The command line that does the same: words, and `--flag {field}` pairs that are left out when empty. */
  cli?: string;
  /** Turns what was filled in into the body, where they differ. Plain manifests leave it out. */
  toBody?: (values: FormValues) => Record<string, unknown>;
}

/** Title: `create.steps.<id>`; an optional sentence `create.steps.<id>_help`. */
export interface StepManifest {
  id: string;
  fields: readonly InputManifest[];
}

/** A field of a form. Title: `inputs.<name>.title`, beside it `inputs.<name>.help`; `.placeholder` if there is one. */
export type InputManifest = {
  /** As in the body. */
  name: string;
  required?: boolean;
  default?: unknown;
  /** Shown only while these hold on what is filled in. */
  when?: readonly Condition[];
} & (
  | { kind: "text"; pattern?: string; minLength?: number; maxLength?: number; secret?: boolean }
  | { kind: "number"; minimum?: number; maximum?: number; unit?: string }
  | { kind: "code"; language?: string; maxLength?: number; rows?: number }
  | { kind: "switch" }
  | { kind: "choice"; options: readonly string[] }
  | ({ kind: "select"; multiple?: boolean } & OptionSource)
  | { kind: "group"; fields: readonly InputManifest[]; minItems?: number; maxItems?: number }
  | {
      kind: "component";
      component: ComponentLoader<InputProps>;
      /** What is sent for what is filled in. Default: just that. */
      sent?: (value: unknown) => unknown;
      /** How the review writes it, where it is neither a text nor something chosen. */
      written?: (value: unknown, texts: Texts) => string;
    }
);

/** A collection to choose from; searched on the server. */
export interface OptionSource {
  /** Braces are filled from the form (within a group: from the item first) and the subscription. */
  path: string;
  /** `$filter` that narrows it. */
  filter?: string;
  /** The field that is sent. Default: `id`. */
  valueField?: string;
  /** The field that is shown. Default: `name`. */
  titleField?: string;
  /** Fields shown small beside it. */
  detailFields?: readonly FieldManifest[];
  /** Whether the collection is OData shaped. Default: true. */
  queryable?: boolean;
}

export interface InputProps {
  value: unknown;
  onChange: (value: unknown) => void;
  values: FormValues;
  error: string | null;
  /** For the element that has the label, or for the group of them. */
  id: string;
  /** The field's title and help are shown around it; whatever it is made of is called by this. */
  label: string;
  /** Tell which resource, or resources, the value stands for: their names are shown in the review, their fields count for
   * quotas. */
  onChosen?: (chosen: unknown) => void;
}

export type FormValues = Record<string, unknown>;

/** How much of a quota's dimension something takes. */
export interface QuotaEffect {
  /** As in `GET /subscriptions/{subscription_id}/usage`. */
  dimension: string;
  /**
   * A number, the name of a form's field, or `field.attribute` of the chosen option (such as `size.vcpus`). A list counts
   * as its length. Several are added up.
   */
  amount: number | string | readonly (number | string)[];
}
