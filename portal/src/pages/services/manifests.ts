/** Makes manifests of what resource providers in other processes say of themselves. */
import i18next from "i18next";

import type { TenantSchemas } from "@/api/clients";
import { LANGUAGES } from "@/i18n/i18n";
import { labelIn, type Labels } from "./labels";
import type { FieldKind, FieldManifest, InputManifest, ResourceManifest } from "@/manifest/types";

export type Service = TenantSchemas["SubscriptionServiceView"];
export type Collection = TenantSchemas["ProviderCollectionView"];
type Input = TenantSchemas["ProviderInputView"];
type Column = TenantSchemas["ProviderColumnView"];

const WRITE = "provider_resource.write";
const KINDS: Record<Column["kind"], FieldKind> = {
  text: "text",
  number: "number",
  boolean: "boolean",
  instant: "date",
  choice: "word",
};

/** Return the manifest of a collection, and make its texts known. */
export function manifestOf(service: Service, collection: Collection): ResourceManifest {
  const namespace = `service_${service.name}_${collection.name}`;
  for (const language of Object.keys(LANGUAGES)) {
    i18next.addResourceBundle(language, namespace, textsOf(collection, language), true, true);
  }
  const list = `/subscriptions/{subscription_id}/providers/${service.name}/${collection.name}`;
  const cli = `zaffre resource {verb} --provider ${service.name} --collection ${collection.name}`;
  const fields: FieldManifest[] = collection.columns.map((column) => ({
    field: column.name,
    kind: KINDS[column.kind],
  }));
  return {
    type: collection.type,
    slug: `services/${service.name}/${collection.name}`,
    namespace,
    icon: "box",
    scope: "subscription",
    paths: { list, item: `${list}/{id}` },
    search: collection.searchable,
    columns: [{ field: "name", kind: "text", width: 220, priority: 1 }, ...fields],
    essentials: [...fields, { field: "id", kind: "code", copy: true }],
    actions: [
      ...(collection.change_form.length === 0
        ? []
        : [
            {
              id: "change",
              icon: "edit" as const,
              permission: WRITE,
              method: "PATCH" as const,
              path: `${list}/{id}`,
              primary: true,
              form: collection.change_form.map(inputOf),
              cli: [cli.replace("{verb}", "change"), "{name}", ...assignments(collection.change_form)].join(" "),
            },
          ]),
      ...(collection.deletable
        ? [
            {
              id: "delete",
              icon: "delete" as const,
              permission: WRITE,
              method: "DELETE" as const,
              path: `${list}/{id}`,
              danger: true,
              bulk: true,
              confirm: {},
              cli: `${cli.replace("{verb}", "delete")} {name}`,
            },
          ]
        : []),
    ],
    ...(collection.form.length === 0
      ? {}
      : {
          create: {
            permission: WRITE,
            path: list,
            steps: [{ id: "fields", fields: collection.form.map(inputOf) }],
            cli: [cli.replace("{verb}", "create"), ...assignments(collection.form)].join(" "),
          },
        }),
  };
}

function assignments(form: readonly Input[]): string[] {
  return form.map((input) => `${input.name}={${input.name}}`);
}

function inputOf(input: Input): InputManifest {
  const same = { name: input.name, required: input.required };
  switch (input.kind) {
    case "number":
      return {
        ...same,
        kind: "number",
        ...(input.minimum === null ? {} : { minimum: input.minimum }),
        ...(input.maximum === null ? {} : { maximum: input.maximum }),
      };
    case "boolean":
      return { ...same, kind: "switch" };
    case "choice":
      return { ...same, kind: "choice", options: input.choices.map((choice) => choice.value) };
    default:
      return {
        ...same,
        kind: "text",
        ...(input.pattern === null ? {} : { pattern: input.pattern }),
        ...(input.minimum === null ? {} : { minLength: input.minimum }),
        ...(input.maximum === null ? {} : { maxLength: input.maximum }),
      };
  }
}

function textsOf(collection: Collection, language: string) {
  const label = (labels: Labels) => labelIn(labels, language);
  const shown = [...collection.columns, ...collection.form, ...collection.change_form];
  const words = shown.filter((field) => field.choices.length > 0);
  const inputs = [...collection.form, ...collection.change_form];
  return {
    title: label(collection.title),
    singular: label(collection.singular),
    fields: Object.fromEntries(collection.columns.map((column) => [column.name, label(column.title)])),
    values: Object.fromEntries(
      words.map((field) => [
        field.name,
        Object.fromEntries(field.choices.map((choice) => [choice.value.replaceAll(".", "_"), label(choice.title)])),
      ]),
    ),
    inputs: Object.fromEntries(
      inputs.map((input) => [
        input.name,
        {
          title: label(input.title),
          ...(input.hint === null ? {} : { help: label(input.hint) }),
          options: Object.fromEntries(input.choices.map((choice) => [choice.value, label(choice.title)])),
        },
      ]),
    ),
    // Nested, not copied: they follow when another language is chosen.
    create: { title: `$t(services:new): ${label(collection.singular)}`, steps: { fields: "$t(services:details)" } },
    actions: { change: { title: "$t(services:change)" }, delete: { title: "$t(services:delete)" } },
  };
}
