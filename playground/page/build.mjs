// Builds the page into the Python package. The result is committed: nobody needs node to run it.
// sources.sha256 says from which sources it was built; a test compares it with what is there.
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const out = "../dbaccess_playground/web/static";

rmSync(out, { recursive: true, force: true });
mkdirSync(out);
await build({
  entryPoints: { page: "src/main.tsx" },
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  charset: "utf8",
  legalComments: "eof",
  define: { "process.env.NODE_ENV": '"production"' },
});
for (const name of readdirSync("public")) cpSync(join("public", name), join(out, name));
cpSync("node_modules/react/LICENSE", join(out, "react.LICENSE.txt"));
writeFileSync(join(out, "sources.sha256"), `${fingerprint()}\n`);

function fingerprint() {
  const files = ["src", "public"].flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  files.push("build.mjs", "package-lock.json");
  const hash = createHash("sha256");
  for (const name of files.sort()) hash.update(`${name}\0`).update(readFileSync(name)).update("\0");
  return hash.digest("hex");
}
