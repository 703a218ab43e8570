// Leaves what is built compressed beside it: the server gives out what a browser takes, and compresses nothing itself.
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const SMALL = 1024;
for (const name of readdirSync("dist", { recursive: true })) {
  const path = join("dist", name);
  if (!/\.(js|css|html|svg)$/.test(path) || !statSync(path).isFile()) continue;
  const bytes = readFileSync(path);
  if (bytes.length < SMALL) continue;
  const params = { [constants.BROTLI_PARAM_QUALITY]: 10 };
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }));
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
}
