/** What the user of a dataset or a reader that breaks on the reading thread sees. */
import { assertEquals, assertMatch } from "@std/assert";
import { inFolder, words, writeSplits } from "../_training.ts";
import { runCommand, runProcess } from "./_process.ts";
import { dataset, plugin, pluginWords, trainWith, wordsOf } from "./_strangers.ts";

const OWN_DATA = {
  flags: { "data.dataset": "mine" },
  without: [
    "data.num_classes",
    "data.train_features_file",
    "data.val_features_file",
    "data.test_features_file",
  ],
};

interface Case {
  readonly text: string;
  /** The whole line. */
  readonly line: string | RegExp;
  /** @default {2} */
  readonly code?: number;
  /** Whether it takes a thread of its own to go wrong. */
  readonly threads?: boolean;
}

const ROWS = "return { features: new Float32Array(6 * indices.length) };";
const BROKEN = 'Cannot use dataset "mine": it is broken: ';

const CASES: Readonly<Record<string, Case>> = {
  "open that throws": {
    text: dataset("length: count,", ROWS),
    line: `${BROKEN}count is not defined`,
  },
  "labels of another length": {
    text: dataset("length: 13,", ROWS),
    line: 'Cannot use dataset "mine": expected 13 labels of split "train", received 12',
  },
  "labels of another kind": {
    text: dataset("labels: { values: [0, 1, 2], width: 1 },", ROWS),
    line: 'Cannot use dataset "mine": expected the labels of split "train" as Int32Array, ' +
      "received an Array",
  },
  "files that are no paths": {
    text: dataset("files: [3],", ROWS),
    line: /^Cannot use dataset "mine": expected the files of split "train" as a list of paths, /,
  },
  "a class that is not there": {
    text: dataset("labels: { values: new Int32Array(12).fill(3), width: 1 },", ROWS),
    line: 'Cannot use "train": sample 0 is of class 3, there are 3 classes',
    code: 1,
  },
  "a split that the dataset refuses": {
    text: dataset('labels: (() => { throw new RangeError("expected folds"); })(),', ROWS),
    line: 'data.dataset: "mine": expected folds',
  },
  "a module that is not there": {
    text: dataset('source: { module: "file:///nowhere/rows.ts", options: {} },', ROWS),
    line:
      /^Cannot use dataset "mine": it is broken: Cannot read train: module ".*" failed to import/,
  },
  "read that throws": {
    text: dataset("", "return { features: this.rows.slice(indices) };"),
    line: `${BROKEN}Cannot read properties of undefined (reading 'slice')`,
  },
  "read that rejects": {
    text: dataset("", 'return Promise.reject("no token");'),
    line: `${BROKEN}no token`,
  },
  "read that gives nothing": {
    text: dataset("", ""),
    line: 'Cannot use dataset "mine": expected rows with "features" as a Float32Array from ' +
      "read(), received nothing",
  },
  "read that gives too few values": {
    text: dataset("", "return { features: new Float32Array(7) };"),
    line:
      /^Cannot use dataset "mine": it is broken: Cannot use rows of train: .* returned 7 values, expected 72$/,
  },
  "a file that the source does not find": {
    text: dataset("", 'return { features: Deno.readFileSync("/nowhere/rows.bin") };'),
    line: /^Cannot use dataset "mine": No such file or directory .*\/nowhere\/rows.bin'?$/,
    code: 1,
  },
  "options that cannot cross": {
    text: dataset("source: { module: import.meta.url, options: { read() {} } },", ROWS),
    line: `${BROKEN}Cannot read train in a worker: options of its source cannot be cloned`,
    threads: true,
  },
  "a promise that nobody waits for": {
    text: dataset("", `Promise.reject(new Error("late")); return new Promise(() => {});`),
    line:
      /^Cannot use dataset "mine": it is broken: Cannot read train: a loader worker stopped: .*late/,
    threads: true,
  },
};

function assertLine(actual: readonly string[], line: string | RegExp): void {
  assertEquals(actual.length, 1, actual.join("\n"));
  if (typeof line === "string") assertEquals(actual[0], line);
  else assertMatch(actual[0], line);
}

Deno.test("a dataset that breaks is named, on whatever thread it reads", async (t) => {
  for (const [name, { text, line, code = 2, threads }] of Object.entries(CASES)) {
    for (const workers of threads ? [1] : [0, 1]) {
      await t.step(`${name}, ${workers} threads`, async () => {
        await inFolder(async (folder) => {
          const files = await writeSplits(folder);
          const flags = { ...OWN_DATA.flags, "dataloading.num_workers": String(workers) };
          const found = await trainWith(files, { ...OWN_DATA, text, flags });
          assertLine(found.err, line);
          assertEquals(found.code, code);
        });
      });
    }
  }
});

Deno.test("a dataset that breaks ends the command", async () => {
  await inFolder(async (folder) => {
    const use = { ...OWN_DATA, text: CASES["read that throws"].text };
    const args = await wordsOf(await writeSplits(folder), use);
    const { code, err } = await runProcess([...args, "--dataloading.num_workers=2"], folder);
    assertEquals([code, err], [2, [
      `${BROKEN}Cannot read properties of undefined (reading 'slice')`,
    ]]);
  });
});

/** An encoder whose stage before the graph is in the same module. */
const READER = `${
  plugin(
    "encoder_type",
    `({
      output: "features", embedDim: 6, forward: (x) => x,
      reader: { inputShape: [6], wrap: (inner) => ({ module: import.meta.url, options: inner }) },
    })`,
  )
}
export const openSource = () => ({ close() {}, read() { return { features: model.run() }; } });`;

Deno.test("a stage between dataset and graph that breaks is the encoder's", async () => {
  await inFolder(async (folder) => {
    const { code, err } = await trainWith(await writeSplits(folder), {
      text: READER,
      flags: { "model.encoder.encoder_type": "mine", "dataloading.num_workers": "1" },
      without: ["model.encoder.feature_dim"],
    });
    const line = 'Cannot use encoder_type "mine": it is broken: model is not defined';
    assertEquals([code, err], [2, [line]]);
  });
});

Deno.test("extraction names the dataset or the encoder that breaks on its threads", async (t) => {
  const encoder = (forward: string) =>
    plugin("encoder_type", `({ output: "features", embedDim: 6, forward(x) { ${forward} } })`);
  const cases: [name: string, text: string, line: string | RegExp][] = [
    [
      "read that throws",
      dataset("", "return rows[indices[0]];") +
      encoder("return x;"),
      `${BROKEN}rows is not defined`,
    ],
    [
      "read that gives too few values",
      dataset("", "return { features: new Float32Array(5) };") +
      encoder("return x;"),
      'Cannot use dataset "mine": expected [2, 6] from read(), received 5 values',
    ],
    [
      "a graph that fails when it runs",
      dataset("", ROWS) +
      encoder(
        'return reshape(engine.slice(reshape(x, ["all", 4]), 0, 0, 2), ["batch", 6]);',
      ),
      /^Cannot use encoder_type "mine": it is broken: Cannot compute Reshape /,
    ],
  ];
  for (const [name, text, line] of cases) {
    await t.step(name, async () => {
      await inFolder(async (folder) => {
        const args = words({
          "data.dataset": "mine",
          "model.encoder.encoder_type": "mine",
          "output_dir": folder,
          "split": "train",
          "dataloading.num_workers": "1",
        });
        const given = [...await pluginWords(folder, text), ...args];
        const { code, err } = await runCommand("extract_features", given, folder);
        const said = err.filter((text) => !text.startsWith("note: "));
        assertLine(said, line);
        assertEquals(code, 2);
      });
    });
  }
});
