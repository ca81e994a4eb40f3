import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { previewCommand } from "../../cli/preview.ts";
import { writeClassImages } from "../_class_images.ts";
import { inFolder } from "../_training.ts";
import { listener } from "./_fakes.ts";

async function run(...args: string[]) {
  const io = listener();
  const code = await previewCommand(args, { io });
  return { code, out: io.outLines, err: io.errLines };
}

Deno.test("glovita_preview takes the flags of a training and its own, and says where the sheet is", async () => {
  await inFolder(async (root) => {
    await writeClassImages(root, { counts: { train: 2, val: 1 }, side: 20, seed: 1 });
    const output = join(root, "sheet.png");
    const data = `--data.dataset generic_image_dataset --data.data_root_dir ${root} ` +
      "--data.num_classes 2 --data.split_source subdirs --data.label_source folder " +
      "--data.augmentation.image_size 16";
    const model = "--model.encoder.encoder_type timm --model.encoder.type test_vit " +
      "--model.encoder.no_pretrained --peft.method linear_probing --training.epochs 3";
    const words = `${data} ${model} --output ${output} --samples 3 --draws 2`.split(" ");
    assertEquals(await run(...words), {
      code: 0,
      out: [`Saved ${output}: 3 images, 2 draws each`],
      err: [],
    });
    assert(Deno.statSync(output).isFile);
  });
});

Deno.test("glovita_preview names everything that is wrong with a command line", async () => {
  const { code, err } = await run("--samples", "0", "--draws", "x", "--outputs", "a.png");
  assertEquals(code, 2);
  assert(
    err.some((line) =>
      line.startsWith("samples: expected a whole number from 1 to 100, received 0")
    ),
  );
  assert(err.some((line) => line.includes('did you mean "output"')), err.join("\n"));
  const word = await run("sheet.png", "--data.dataset", "cifar10");
  assertEquals(word.code, 2);
  assert(word.err[0].startsWith("sheet.png: expected a flag such as --output"), word.err[0]);
});

Deno.test("glovita_preview --help lists its options", async () => {
  const { code, out } = await run("--help");
  assertEquals(code, 0);
  assert(out.join("\n").includes("--draws"));
});
