/** `glovita_plan`: what it prints, writes and refuses. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { planCommand } from "../../cli/plan.ts";
import { trainCommand } from "../../cli/train.ts";
import { inFolder } from "../_training.ts";
import { SLIDES } from "../jobs/plan/_slides.ts";
import { listener } from "./_fakes.ts";

async function run(...args: readonly string[]) {
  const io = listener();
  const code = await planCommand(args, { io });
  return { code, out: io.outLines, err: io.errLines };
}

const { data_root_dir, labels_file, split_file } = SLIDES.clam;
const CLAM = [data_root_dir, "--labels_file", labels_file, "--data.split_file", split_file];

const digits = (split: string) =>
  fileURLToPath(new URL(`../../digits/digits_${split}.h5`, import.meta.url));

Deno.test("glovita_plan writes a config, and the command that trains with it trains", async () => {
  await inFolder(async (folder) => {
    const output = `${folder}/clam.json`;
    const { code, out, err } = await run(...CLAM, "--output", output);
    assertEquals([code, err], [0, []]);
    assertMatch(out.find((line) => line.startsWith("dataloading.batch_size"))!, / 1 +about 64 up/);
    const starts = out.slice(0, -1).map((line) => /^\S+ +/.exec(line)![0].length);
    assertEquals(new Set(starts).size, 1, "values stand below each other");
    assertEquals(out.at(-1), `wrote ${output}; next: glovita_train --config ${output}`);
    const io = listener();
    const words = ["--config", output, "--training.epochs", "1", "--exp_dir", folder];
    const trained = await trainCommand(words, { io, listen: () => () => {} });
    assertEquals([trained, io.errLines], [0, []]);
    assert(io.outLines.some((line) => line.startsWith("test: ")), io.outLines.join("\n"));
  });
});

Deno.test("glovita_plan replaces a file only where --overwrite is given", async () => {
  await inFolder(async (folder) => {
    const output = `${folder}/config.json`;
    await Deno.writeTextFile(output, "mine");
    const refused = await run(...CLAM, "--output", output);
    const line = `output: expected a new file, "${output}" exists: --overwrite replaces it`;
    assertEquals(refused, { code: 2, out: [], err: [line] });
    assertEquals(await Deno.readTextFile(output), "mine");
    assertEquals((await run(...CLAM, "--output", output, "--overwrite")).code, 0);
    assertEquals(JSON.parse(await Deno.readTextFile(output)).data.dataset, "slide_features");
  });
});

Deno.test("glovita_plan counts the classes of packed files, and keeps paths as they are", async () => {
  await inFolder(async (folder) => {
    const output = `${folder}/digits.json`;
    const files = ["--train_features_file", digits("train"), "--val_features_file", digits("val")];
    const { code, err } = await run(
      ...["--data.dataset", "precomputed_features", ...files, "--folds", "3", "--output", output],
    );
    assertEquals([code, err], [0, []]);
    const { data, training } = JSON.parse(await Deno.readTextFile(output));
    assertEquals([data.num_classes, data.train_features_file], [10, digits("train")]);
    assertEquals(training.cv_folds, 3);
  });
});

Deno.test("glovita_plan asks in one line, with exit code 2, and writes nothing", async () => {
  await inFolder(async (folder) => {
    const output = `${folder}/config.json`;
    const { label_columns: _, ...stamp } = SLIDES.stamp;
    const flags = Object.entries(stamp).flatMap(([name, value]) => [`--${name}`, value]);
    const cases: [readonly string[], string][] = [
      [flags, 'plan needs --label_columns: one of "tumor", "grade", '],
      [
        [data_root_dir],
        "plan needs --labels_file: the table of labels (csv, tsv or xlsx), such as",
      ],
      [["--labels_file", labels_file], "DIR: expected a folder of feature files"],
      [[...CLAM, "--folds", "4"], "plan needs --folds: at most 1, as many as "],
      [["a", "b", "--labels_file", labels_file], 'DIR: expected one folder, received "a", "b"'],
    ];
    for (const [words, line] of cases) {
      const { code, out, err } = await run(...words, "--output", output);
      assertEquals([code, out, err.length], [2, [], 1], err.join("\n"));
      assertStringIncludes(err[0], line);
    }
    assertEquals(Array.from(Deno.readDirSync(folder)), []);
  });
});

Deno.test("glovita_plan --help shows its options and examples", async () => {
  const { code, out } = await run("--help");
  assertEquals(code, 0);
  for (const words of ["Usage: glovita_plan [DIR]", "--output PATH", "--folds INTEGER"]) {
    assert(out.some((line) => line.includes(words)), words);
  }
});
