// Empties dist, but for what keeps the folder in git.
import { readdirSync, rmSync } from "node:fs";

for (const name of readdirSync("dist")) {
  if (name !== ".gitignore") rmSync(`dist/${name}`, { recursive: true });
}
