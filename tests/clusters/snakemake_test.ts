import { join } from "node:path";
import { clusterTest } from "./_work.ts";

clusterTest(
  "Snakemake starts killed parts again",
  ["snakemake"],
  async ({ folder, block, run }) => {
    Deno.writeTextFileSync(join(folder, "Snakefile"), block("snakemake", "rule merged"));
    await run("snakemake", ["--cores", "2", "--quiet"], { HOME: folder });
  },
);
