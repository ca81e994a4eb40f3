/**
 * The heads over bags: a training step of each on bags of width 1024, alone and in company, and what
 * `abmil` reaches on MNIST-bags (200 training bags, 1000 test bags, 3 seeds).
 *
 * Run with `deno task bench:mil_heads`. Medians are printed. Digits are downloaded once.
 */
import { join } from "node:path";
import { Random } from "../engine/random.ts";
import { type Options, trainOnBags } from "../examples/mnist_bags.ts";
import { abmil } from "../plugins/head_type/abmil.ts";
import { clam } from "../plugins/head_type/clam.ts";
import { dsmil } from "../plugins/head_type/dsmil.ts";
import { maxPool } from "../plugins/head_type/max_pool.ts";
import { meanPool } from "../plugins/head_type/mean_pool.ts";
import { transmil } from "../plugins/head_type/transmil.ts";
import type { Plugin } from "../registry/plugin.ts";
import { bagModel, randomBags } from "./_models.ts";
import { median } from "./_peer.ts";
import { stepper } from "./_stepper.ts";

const EMBED_DIM = 1024;
const HEADS: readonly Plugin<"head_type">[] = [meanPool, maxPool, abmil, clam, dsmil, transmil];
const BATCHES = [[4000], [500, 500, 500, 500], [2000, 10, 10, 10]];

async function benchSteps(): Promise<void> {
  for (const plugin of HEADS) {
    for (const lengths of BATCHES) {
      const batch = randomBags(new Random(0), lengths, EMBED_DIM);
      const run = await stepper(bagModel(plugin, EMBED_DIM), 1e-4, { expectedRows: batch.rows });
      const times: number[] = [];
      for (let step = 0; step < 7; step++) {
        const start = performance.now();
        await run(batch);
        if (step > 1) times.push(performance.now() - start);
      }
      console.log(`${plugin.key}, bags of ${lengths.join(", ")}: ${median(times).toFixed(0)} ms`);
    }
  }
}

async function benchDigits(folder: string): Promise<void> {
  const options: Options = {
    head: "abmil",
    train_bags: 200,
    test_bags: 1000,
    seeds: 3,
    exp_dir: join(folder, "experiments"),
  };
  const areas: number[] = [];
  for (let seed = 0; seed < options.seeds; seed++) {
    areas.push((await trainOnBags(seed, options)).test_AUROC);
  }
  const mean = areas.reduce((a, b) => a + b) / areas.length;
  const each = areas.map((area) => area.toFixed(3)).join(", ");
  console.log(`MNIST-bags, abmil on 200 bags: AUC ${mean.toFixed(3)} (${each})`);
}

const folder = Deno.makeTempDirSync({ prefix: "glovita_bench_" });
try {
  await benchSteps();
  await benchDigits(folder);
} finally {
  Deno.removeSync(folder, { recursive: true });
}
