import { assert } from "@std/assert";
import { join } from "node:path";
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
