/** Directories of slides for tests that pack: those of other tools, and made ones. */
import "../../../plugins/mod.ts";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FeatureWriter } from "../../../engine/features/feature_writer.ts";
import { Hdf5File } from "../../../engine/storage/hdf5/hdf5.ts";
import { loadHdf5Library } from "../../../engine/storage/hdf5/library.ts";
import type { PackedFile, PackEvent } from "../../../jobs/pack/events.ts";
import { pack, type PackOptions } from "../../../jobs/pack/pack.ts";
import { flag } from "../../../registry/config/flag.ts";
import { resolvePackConfig } from "../../../registry/config/pack.ts";
import type { Flags } from "../../_training.ts";

const ROOT = fileURLToPath(new URL("../../testdata/slides", import.meta.url));

/** Flags of the directories of CLAM, TRIDENT and STAMP, without `data.dataset`. */
export const PRODUCERS: Readonly<Record<"clam" | "trident" | "stamp", Flags>> = {
  clam: {
    "data.data_root_dir": join(ROOT, "clam/features/h5_files"),
    "data.labels_file": join(ROOT, "clam/dataset.csv"),
    "data.split_file": join(ROOT, "clam/splits/task_100/splits_0.csv"),
  },
  trident: {
    "data.data_root_dir": join(ROOT, "trident/20x_256px_0px_overlap/features_uni_v1"),
    "data.labels_file": join(ROOT, "trident/k=all.tsv"),
    "data.split_column": "fold_0",
  },
  stamp: {
    "data.data_root_dir": join(ROOT, "stamp/uni2-0a1b2c3d"),
    "data.labels_file": join(ROOT, "stamp/clini.csv"),
    "data.slides_file": join(ROOT, "stamp/slide.csv"),
    "data.label_columns": '["tumor"]',
    "data.test_fraction": "0.2",
  },
};

/** What packing came to. */
export interface Packed {
  readonly files: readonly PackedFile[];
  readonly events: readonly PackEvent[];
  readonly notices: readonly string[];
}

/** Packs slides into `packed` below a folder. */
export async function packInto(
  folder: string,
  flags: Flags,
  options: PackOptions = {},
): Promise<Packed> {
  const all = { "data.dataset": "slide_features", output_dir: join(folder, "packed"), ...flags };
  const { config, given } = resolvePackConfig({
    flags: Object.entries(all).map(([path, value]) => flag(path, value)),
  });
  const events: PackEvent[] = [];
  const onEvent = (event: PackEvent) => {
    events.push(event);
    options.onEvent?.(event);
  };
  const files = await pack(config, { given, ...options, onEvent });
  const notices = events.flatMap((event) => event.type === "notice" ? event.message : []);
  return { files, events, notices };
}

/** A slide that is made for a test. */
export interface MadeSlide {
  /** `[rows, 2]`. */
  readonly features: readonly number[];
  readonly coords?: Int32Array | BigInt64Array | Float32Array;
  readonly float16?: boolean;
  readonly attributes?: Readonly<Record<string, string | number>>;
}

/** Writes slides of width 2 below a folder, and gives the flags that name folder and table. */
export async function writeSlides(
  folder: string,
  slides: Readonly<Record<string, MadeSlide>>,
  table: string,
): Promise<Flags> {
  const root = join(folder, "slides");
  Deno.mkdirSync(root, { recursive: true });
  const { h5wasm } = await loadHdf5Library();
  for (const [name, { features, coords, float16, attributes = {} }] of Object.entries(slides)) {
    const path = join(root, `${name}.h5`);
    const data = Float32Array.from(features);
    if (float16) {
      const writer = await FeatureWriter.create(path, { embedDim: 2 });
      writer.append(data, Array(data.length / 2).fill(0));
      writer.close();
    }
    const file = new h5wasm.File(path, float16 ? "a" : "w");
    if (!float16) file.create_dataset({ name: "features", data, shape: [data.length / 2, 2] });
    if (coords) {
      file.create_dataset({ name: "coords", data: coords, shape: [coords.length / 2, 2] });
    }
    for (const [key, value] of Object.entries(attributes)) file.create_attribute(key, value);
    file.close();
  }
  const labels = join(folder, "labels.csv");
  Deno.writeTextFileSync(labels, table);
  return { "data.data_root_dir": root, "data.labels_file": labels, "data.split_column": "split" };
}

/** Names in the folder of packed files, sorted; hidden ones but the lock included. */
export function namesIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(join(folder, "packed")), ({ name }) => name)
    .filter((name) => name !== ".pack.lock").sort();
}

/** Everything in a packed file but the times that the library writes into it. */
export async function contentOf(path: string): Promise<Record<string, unknown>> {
  using file = await Hdf5File.open(path);
  const content: Record<string, unknown> = { attributes: [...file.attributes()] };
  for (const name of file.names()) {
    if (file.holdsTexts(name)) content[name] = file.texts(name);
    else {
      const dataset = await file.dataset(name);
      content[name] = [dataset.header.shape, dataset.dtype, dataset.readNumbers()];
    }
  }
  return content;
}
