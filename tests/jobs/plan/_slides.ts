/** The small directories of slides, with the options that name their tables and splits. @module */
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../testdata/slides", import.meta.url));

/** Options of `slide_features` for each of the directories. */
export const SLIDES = {
  clam: {
    data_root_dir: `${ROOT}/clam/features/h5_files`,
    labels_file: `${ROOT}/clam/dataset.csv`,
    split_file: `${ROOT}/clam/splits/task_100`,
  },
  trident: {
    data_root_dir: `${ROOT}/trident/20x_256px_0px_overlap/features_uni_v1`,
    labels_file: `${ROOT}/trident/k=all.tsv`,
  },
  stamp: {
    data_root_dir: `${ROOT}/stamp/uni2-0a1b2c3d`,
    labels_file: `${ROOT}/stamp/clini.csv`,
    slides_file: `${ROOT}/stamp/slide.csv`,
    split_file: `${ROOT}/stamp/splits.json`,
    label_columns: ["tumor"],
  },
} as const;
