/** Runs under Node: what the package gives there, as a line of JSON. */
import { argv } from "node:process";
import { join } from "node:path";
import { extractRed, trainDigits } from "./_program.ts";

const [digits, folder, ...entries] = argv.slice(2);
for (const entry of entries) await import(entry);
const alone = await trainDigits(digits, join(folder, "alone"), 0);
const workers = await trainDigits(digits, join(folder, "workers"), 2);
const features = await extractRed(folder);
console.log(JSON.stringify({ alone, workers, features }));
