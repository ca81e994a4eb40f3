/** Datasets that are only a layout, written to disk with tiny images. @module */
import { dirname, join } from "node:path";
import sharp from "sharp";

/** What a dataset of four training, two validation and, mostly, two test images looks like. */
export interface Layout {
  /** Key of the dataset. */
  readonly key: string;
  /** Paths of the images below the root, in the order train, val, test. */
  readonly files: readonly string[];
  /** What `splits.json` calls them, where there is one. */
  readonly listed?: readonly string[];
  /** Targets of the images, in that order. */
  readonly targets: readonly (number | readonly number[])[];
  /** Labels as `labels.json` has them, by what the images are called; the targets where not given. */
  readonly labels?: readonly unknown[];
  /** Other files as text, by their paths. */
  readonly others?: Readonly<Record<string, string>>;
  /** Options besides `data_root_dir`. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Policies and classes where the config does not say. */
  readonly defaults: readonly [train: string, test: string, classes: number];
}

/** Images of a split. */
const SIZES = { train: 4, val: 2, test: 2 } as const;

const NAMES = Array.from({ length: 8 }, (_, index) => `s${index}`);
const TARGETS = [0, 1, 1, 0, 1, 0, 0, 1];
const SPECIFIC = ["dataset_specific", "shared_default_2d"] as const;

const named = (end: string, folder = "") => NAMES.map((name) => `${folder}${name}${end}`);

/** A finding or several of ChestX-ray14, in each of the ways to write them. */
const FINDINGS: readonly (readonly [unknown, readonly number[]])[] = [
  [["Cardiomegaly", "Hernia"], [1, 13]],
  ["No Finding", []],
  ["Mass|Nodule", [4, 5]],
  [[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [0]],
  [["Hernia"], [13]],
  [[], []],
  ["Edema", [9]],
  [["No Finding"], []],
];

const SITES = NAMES.map((_, index) => `HEPG2-0${index % 2 + 1}_${index % 4 + 1}_B0${index}_1`);

/** The datasets. */
export const LAYOUTS: readonly Layout[] = [
  {
    key: "aid",
    files: [...named(".jpg", "images/").slice(0, 4), ...named(".tif", "images/").slice(4)],
    listed: NAMES,
    targets: TARGETS,
    defaults: ["aid_large_crop", "default", 30],
  },
  {
    key: "chestxray14",
    files: named(".png", "images/"),
    listed: named(".png"),
    targets: FINDINGS.map(([, positive]) =>
      Array.from({ length: 14 }, (_, index) => positive.includes(index) ? 1 : 0)
    ),
    labels: FINDINGS.map(([label]) => label),
    defaults: ["default_2d_2", "shared_default_2d", 14],
  },
  {
    key: "diabetic_retina",
    files: named(".jpeg", "train/"),
    listed: NAMES,
    targets: TARGETS,
    others: {
      "trainLabels.csv": ["image,level", ...NAMES.map((name, i) => `${name},${TARGETS[i]}`), ""]
        .join("\n"),
    },
    defaults: [...SPECIFIC, 5],
  },
  {
    key: "fgvc_aircraft",
    files: named(".jpg", "images/"),
    listed: named(".jpg"),
    targets: TARGETS,
    defaults: [...SPECIFIC, 100],
  },
  {
    key: "flowers102",
    files: named(".jpg", "jpg/"),
    listed: named(".jpg", "jpg/"),
    targets: TARGETS,
    defaults: [...SPECIFIC, 102],
  },
  {
    key: "imagenet",
    files: NAMES.map((name, i) => `${i < 4 ? "train" : "val"}/n0${TARGETS[i]}/${name}.JPEG`).slice(
      0,
      6,
    ),
    targets: TARGETS.slice(0, 6),
    options: { num_classes: 2 },
    defaults: ["randaugment_448", "default_448", 1000],
  },
  {
    key: "neudet",
    files: named(".jpg", "patches/"),
    listed: named(".jpg", "patches/"),
    targets: TARGETS,
    defaults: [...SPECIFIC, 6],
  },
  {
    key: "pcam",
    files: named(".png", "images/"),
    listed: named(".png"),
    targets: TARGETS,
    defaults: [...SPECIFIC, 2],
  },
  {
    key: "resisc45",
    files: named(".jpg", "airport/"),
    listed: named(".jpg", "airport/"),
    targets: TARGETS,
    defaults: [...SPECIFIC, 45],
  },
  {
    key: "rxrx1",
    files: SITES.map((site) => {
      const [experiment, plate, well, number] = site.split("_");
      return `images/${experiment}/Plate${plate}/${well}_s${number}.png`;
    }),
    listed: SITES,
    targets: TARGETS,
    defaults: [...SPECIFIC, 1139],
  },
  {
    key: "zooscannet",
    files: named(".jpg", "images/"),
    listed: named(".jpg"),
    targets: TARGETS,
    defaults: [...SPECIFIC, 20],
  },
];

/** Writes a layout: images, lists, labels. */
export async function writeLayout(
  root: string,
  { files, listed, targets, labels, others = {} }: Layout,
): Promise<void> {
  for (const [index, file] of files.entries()) {
    const path = join(root, file);
    Deno.mkdirSync(dirname(path), { recursive: true });
    const background = { r: 30 * index, g: 200, b: 90 };
    const image = sharp({ create: { width: 8, height: 8, channels: 3, background } });
    await image.toFile(path);
  }
  const write = (name: string, content: unknown) =>
    Deno.writeTextFileSync(join(root, name), JSON.stringify(content));
  if (listed !== undefined) {
    const { train, val } = SIZES;
    write("splits.json", {
      train: listed.slice(0, train),
      val: listed.slice(train, train + val),
      test: listed.slice(train + val),
    });
    if (Object.keys(others).length === 0) {
      const rows = listed.map((name, index) => [name, labels?.[index] ?? targets[index]]);
      write("labels.json", Object.fromEntries(rows));
    }
  }
  for (const [name, text] of Object.entries(others)) Deno.writeTextFileSync(join(root, name), text);
}

/** The layout of a key. */
export function layoutOf(key: string): Layout {
  return LAYOUTS.find((layout) => layout.key === key)!;
}
