/**
 * Write the types of the API's faces to src/api/generated from docs/api/*.json.
 *
 * They are not checked in: the descriptions are, and every build begins with this.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const descriptions = new URL("../../docs/api/", import.meta.url);
const output = new URL("../src/api/generated/", import.meta.url);

await mkdir(output, { recursive: true });
for (const face of ["tenant", "admin"]) {
  const text = await readFile(new URL(`${face}.json`, descriptions), "utf8");
  const types = astToString(await openapiTS(JSON.parse(text)));
  await writeFile(new URL(`${face}.ts`, output), types);
  await writeFile(new URL(`${face}.bounds.json`, output), JSON.stringify(boundsOf(JSON.parse(text))));
}

/** The bounds of every request body's fields, so that forms check what the server will check. */
function boundsOf(description) {
  const bounds = {};
  for (const [name, schema] of Object.entries(description.components.schemas)) {
    if (!name.endsWith("Body") || !schema.properties) continue;
    bounds[name] = {};
    for (const [field, declared] of Object.entries(schema.properties)) {
      bounds[name][field] = fieldBounds(declared, schema.required?.includes(field) ?? false);
    }
  }
  return bounds;
}

function fieldBounds(declared, required) {
  const real = declared.anyOf?.find((option) => option.type !== "null") ?? declared;
  const kept = ["minLength", "maxLength", "minimum", "maximum", "pattern", "maxItems", "minItems"];
  const found = kept.filter((key) => real[key] !== undefined).map((key) => [key, real[key]]);
  return { ...Object.fromEntries(found), ...(required ? { required: true } : {}) };
}
