/**
 * Fail when a portal's initial load is larger than its budget.
 *
 * The initial load is everything that the browser fetches before it shows a first page: the entry, what it imports, and
 * the style sheets, as gzip (what every browser takes). Pages behind a dynamic import are not part of it.
 */
import { readFile, stat } from "node:fs/promises";

const BUDGET_BYTES = 350_000;
const assets = new URL("../../src/zaffre/edge/portal/assets/", import.meta.url);
let failed = false;

for (const entry of ["tenant", "admin"]) {
  const page = await readFile(new URL(`${entry}.html`, assets), "utf8");
  const files = new Set([...page.matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)].map((found) => found[1]));
  let bytes = 0;
  for (const file of files) bytes += await compressedBytes(file);
  const share = Math.round((100 * bytes) / BUDGET_BYTES);
  console.log(`${entry}: ${Math.round(bytes / 1000)} kB in ${files.size} files, ${share} % of the budget`);
  failed ||= bytes > BUDGET_BYTES;
}
process.exitCode = failed ? 1 : 0;

async function compressedBytes(file) {
  try {
    return (await stat(new URL(`${file}.gz`, assets))).size;
  } catch {
    return (await stat(new URL(file, assets))).size;
  }
}
