/** Write each built file's gzip and Brotli forms beside it, so that the server sends them without any work. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const SMALLEST_BYTES = 1024;
const directory = fileURLToPath(new URL("../../src/zaffre/edge/portal/assets/", import.meta.url));
const gzipped = promisify(gzip);
const brotlied = promisify(brotliCompress);

for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !/\.(js|css|svg|json|webmanifest)$/.test(entry.name)) continue;
  const path = join(entry.parentPath, entry.name);
  const content = await readFile(path);
  if (content.length < SMALLEST_BYTES) continue;
  await writeFile(`${path}.gz`, await gzipped(content, { level: 9 }));
  await writeFile(`${path}.br`, await brotlied(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }));
}
