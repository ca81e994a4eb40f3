/**
 * The handwritten digits as image files: `images/{train,val,test}/{0..9}/0000.png`, 8 by 8 pixels
 * each, for trying feature extraction and image datasets.
 *
 * Run with `deno task example:images [FOLDER]`.
 * @module
 */
import { join } from "node:path";
import sharp from "sharp";
import { Hdf5File } from "../engine/storage/hdf5/hdf5.ts";
import { openFeatureFile } from "../engine/features/mod.ts";

const DIGITS = new URL("../digits/", import.meta.url).pathname;
const SIDE = 8;

/** Writes the scans of one file as PNG files, a folder a digit. */
async function writeSplit(split: string, folder: string): Promise<number> {
  const path = `${DIGITS}digits_${split}.h5`;
  const { labels, length } = await openFeatureFile(path);
  using file = await Hdf5File.open(path);
  const pixels = (await file.dataset("features")).readRows(0, length);
  for (let i = 0; i < length; i++) {
    const digit = join(folder, "images", split, String(labels.values[i]));
    await Deno.mkdir(digit, { recursive: true });
    const scan = pixels.subarray(i * SIDE ** 2, (i + 1) * SIDE ** 2);
    await sharp(Uint8Array.from(scan, (value) => Math.round(255 * value)), {
      raw: { width: SIDE, height: SIDE, channels: 1 },
    }).png().toFile(join(digit, `${String(i).padStart(4, "0")}.png`));
  }
  return length;
}

const folder = Deno.args[0] ?? "digit_images";
for (const split of ["train", "val", "test"]) {
  console.log(`${await writeSplit(split, folder)} images in ${folder}/images/${split}`);
}
