import { assert, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SLURM, startSlurm, untilDone } from "./_slurm.ts";
import { clusterTest } from "./_work.ts";

clusterTest(
  "SLURM requeues killed parts, and joins them when all are done",
  SLURM,
  async (work) => {
    const { folder, block, run } = work;
    await using slurm = await startSlurm(Deno.makeTempDirSync({ prefix: "glovita_slurm_" }));
    Deno.writeTextFileSync(join(folder, "features.sbatch"), block("bash", "#SBATCH"));
    await run("sh", ["-e", "-c", block("bash", "--dependency=afterok")], slurm.env);
    await untilDone(slurm);
    const logs = [1, 2, 3, 4].map((task) =>
      Deno.readTextFileSync(join(folder, `features-${task}.log`))
    );
    for (const [at, log] of logs.entries()) {
      assert(log.includes(`part ${at + 1} of 4, by SLURM_ARRAY_TASK_ID=${at + 1}`), log);
      assert(/train: 60 samples, \d+ of them done before/.test(log), log);
    }
  },
);

clusterTest("SLURM trains the points of a study", SLURM, async ({ folder, block, run }) => {
  await using slurm = await startSlurm(Deno.makeTempDirSync({ prefix: "glovita_slurm_" }));
  Deno.symlinkSync(fileURLToPath(new URL("../../digits", import.meta.url)), join(folder, "digits"));
  const [, study] = /<<'END'\n([\s\S]*?)\nEND\n/.exec(block("sh", "cat > rates.json"))!;
  Deno.writeTextFileSync(join(folder, "rates.json"), study);
  Deno.writeTextFileSync(join(folder, "rates.sbatch"), block("bash", "--job-name=rates"));
  await run("sh", ["-e", "-c", block("bash", "rates.sbatch)")], slurm.env);
  await untilDone(slurm);
}, async ({ folder, run }) => {
  assertStringIncludes(await run("glovita", ["study", "rates.json"]), "4 points: 4 done");
  assertStringIncludes(Deno.readTextFileSync(join(folder, "rates.html")), "lr-0.1_dropout-0.25_");
});
