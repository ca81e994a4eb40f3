/**
 * Uses a trained model on an array and on a file.
 *
 * Run with `npx -y deno@2.9.6 task example:predict RUN/checkpoints/best.pt`, where RUN is what
 * `example:train` printed last.
 * @module
 */
import { TrainedModel } from "@glovita/glovita";
import { openFeatureFile } from "@glovita/glovita/features";

const SEVEN = [
  "..#####.",
  "..#####.",
  ".....##.",
  ".....##.",
  "..#####.",
  "...###..",
  "...##...",
  "...##...",
];

await using model = await TrainedModel.load(Deno.args[0]);

const features = Float32Array.from(SEVEN.join(""), (pixel) => pixel === "#" ? 1 : 0);
const [{ scores }] = await model.predict({ features }); // 64 values, one sample
const best = scores.indexOf(Math.max(...scores));
console.log(`the image shows a ${best}, with probability ${scores[best].toFixed(2)}`);

const { labels } = await openFeatureFile("digits/digits_test.h5");
let right = 0;
for await (const { index, scores } of model.predictFile("digits/digits_test.h5")) {
  if (scores.indexOf(Math.max(...scores)) === labels.values[index]) right++;
}
console.log(`${right} of ${labels.values.length} scans of the file are recognized`);
