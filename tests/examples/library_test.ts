import { assert, assertEquals, assertMatch } from "@std/assert";
import { readBlocks } from "../docs/_pages.ts";
import { Sandbox } from "../docs/_sandbox.ts";

const root = new URL("../../", import.meta.url);

/** A program without its module documentation. */
async function programOf(name: string): Promise<string> {
  const text = await Deno.readTextFile(new URL(`examples/${name}`, root));
  return text.replace(/^\/\*\*[\s\S]*?\*\/\n/, "").trim();
}

Deno.test("examples/train.ts trains, and examples/predict.ts uses what it trained", async () => {
  using sandbox = new Sandbox();
  const trained = await sandbox.sh("deno task --quiet example:train");
  assertEquals(trained.code, 0, trained.output);
  const lines = trained.output.trim().split("\n");
  assertEquals(lines.length, 12, trained.output);
  lines.slice(0, 10).forEach((line, epoch) => assertMatch(line, RegExp(`^${epoch} 0\\.\\d+$`)));
  const [, accuracy, run] = /^test_Accuracy (\S+), run (\S+)$/.exec(lines[11])!;
  assert(Number(accuracy) >= 0.94, accuracy);

  const used = await sandbox.sh(`deno task --quiet example:predict ${run}/checkpoints/best.pt`);
  assertEquals(used.code, 0, used.output);
  const [image, file] = used.output.trim().split("\n");
  assertMatch(image, /^the image shows a 7, with probability 0\.\d\d$/);
  const right = Math.round(Number(accuracy) * 360);
  assertEquals(file, `${right} of 360 scans of the file are recognized`);
});

Deno.test("docs/library.md shows the examples as they are", async () => {
  const page = await Deno.readTextFile(new URL("docs/library.md", root));
  const shown = readBlocks(page).filter(({ language }) => language === "ts")
    .map(({ text }) => text.trim());
  assert(shown.includes(await programOf("train.ts")));
  // The page has no checkpoint to name on a command line.
  const fallback = /TrainedModel\.load\(\n {2}Deno\.args\[0\] \?\? "[^"]*",\n\);/;
  const programs = shown.map((text) => text.replace(fallback, "TrainedModel.load(Deno.args[0]);"));
  assert(programs.includes(await programOf("predict.ts")));
});
