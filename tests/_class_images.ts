/**
 * Small images of two classes, for tests that train on images.
 * @module
 */
import { join } from "node:path";
import sharp from "sharp";
import { Random } from "../engine/random.ts";

/** How many images of each class are written, and how. */
export interface ClassImages {
  /** Images of each class by split. */
  readonly counts: Readonly<Record<string, number>>;
  /** Pixels of a side. */
  readonly side: number;
  /** Seed of the noise. */
  readonly seed: number;
}

/** Writes bright and dark squares with noise: `images/<split>/<class>/<number>.png`. */
export async function writeClassImages(
  root: string,
  { counts, side, seed }: ClassImages,
): Promise<void> {
  const random = new Random(seed);
  for (const [split, count] of Object.entries(counts)) {
    for (const [label, level] of [["bright", 160], ["dark", 40]] as const) {
      const folder = join(root, "images", split, label);
      Deno.mkdirSync(folder, { recursive: true });
      for (let i = 0; i < count; i++) {
        const data = Uint8Array.from({ length: 3 * side ** 2 }, () => level + random.integer(80));
        const image = sharp(data, { raw: { width: side, height: side, channels: 3 } });
        await image.png().toFile(join(folder, `${i}.png`));
      }
    }
  }
}
