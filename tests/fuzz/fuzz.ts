/** `deno task fuzz [INPUTS] [SEED]`: reads changed files of every format, and prints what came of them. */
import { fuzz } from "./_fuzz.ts";

const [inputs, seed] = [Deno.args[0] ?? "20000", Deno.args[1] ?? "1"].map(Number);
if (!Number.isSafeInteger(inputs) || inputs < 1 || !Number.isSafeInteger(seed)) {
  console.error("usage: deno task fuzz [INPUTS] [SEED], whole numbers");
  Deno.exit(2);
}
let wrong = 0;
await fuzz({
  inputs,
  seed,
  onDone(outcomes) {
    const { format, read, refused } = outcomes;
    console.log(`${format}: ${read} read, ${refused} refused, ${outcomes.wrong.length} wrong`);
    for (const line of outcomes.wrong) console.error(line);
    wrong += outcomes.wrong.length;
  },
});
console.log(`resident memory at the end: ${Math.round(Deno.memoryUsage().rss / 2 ** 20)} MB`);
if (wrong > 0) Deno.exit(1);
