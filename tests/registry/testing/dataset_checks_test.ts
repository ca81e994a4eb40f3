import type { Dataset, ImageTransforms, SourceModule, Split } from "../../../registry/plugin.ts";
import { isRandom } from "../../../engine/images/transform.ts";
import { assertFails, plain } from "./_broken.ts";

const TASK = "tells what is predicted";
const SPLITS = "opens a training split, and others where it has them";
const LABELS = "gives every sample a target in range";
const AGAIN = "tells the same facts when opened again";
const ROWS = "reads the rows that its facts announce";
const ORDER = "reads samples in any order and company";
const AHEAD = "reads samples while others are on the way";
const INTO = "reads into memory that it is given";
const INSTANCES = "reads the instances that are asked for";
const FIXED = "calls no samples fixed that change with the epoch";
const EVERYTHING = [TASK, SPLITS, LABELS, AGAIN, ROWS, ORDER, AHEAD, INTO, INSTANCES, FIXED];

/** A module whose samples hold their index; `parts` are functions that replace those below. */
function counting(width: number, lengths?: readonly number[], parts = "{}"): SourceModule {
  const code = `export function openSource({ width, lengths }) {
    const parts = {
      value: (sample, i) => sample + i / 100,
      select: (instances) => instances,
      lengths: (found) => Int32Array.from(found),
      place: (into, size) => into ?? new Float32Array(size),
      more: () => ({}),
      ...${parts},
    };
    return {
      read(indices, { instances = [], into } = {}) {
        const found = [], values = [];
        for (const [at, sample] of indices.entries()) {
          const whole = Array.from({ length: lengths?.[sample] ?? 1 }, (_, i) => i);
          const rows = Array.from(parts.select(instances[at]) ?? whole);
          found.push(rows.length);
          for (const row of rows) {
            for (let i = 0; i < width; i++) values.push(parts.value(sample, row * width + i, at));
          }
        }
        const features = parts.place(into, values.length);
        features.set(values);
        return { features, ...(lengths && { lengths: parts.lengths(found) }), ...parts.more() };
      },
      close() {},
    };
  }`;
  return {
    module: `data:text/javascript,${encodeURIComponent(code)}`,
    options: { width, lengths },
  };
}

const task = { task: "Classification", subtask: "multiclass", numClasses: 3 } as const;

function samples(parts: Partial<Split> = {}): Split {
  return {
    name: "samples",
    length: 6,
    labels: { values: Int32Array.from([0, 1, 2, 0, 1, 2]), width: 1 },
    sampleShape: [2],
    source: counting(2),
    ...parts,
  };
}

const LENGTHS = [2, 1, 4, 3, 1, 2];

function bags(parts = "{}"): Split {
  return samples({
    bagLengths: Int32Array.from(LENGTHS),
    source: counting(2, LENGTHS, parts),
  });
}

const dataset = (split: Partial<Split>, parts: Partial<Dataset> = {}) =>
  plain("dataset", () => ({
    ...task,
    open: (name) => Promise.resolve(name === "test" ? undefined : samples(split)),
    ...parts,
  }));

Deno.test("datasetChecks accept single samples, bags, and targets of every kind", async () => {
  await assertFails(dataset({}), {});
  await assertFails(dataset(bags()), {});
  const values = Float32Array.from({ length: 12 }, (_, i) => i % 2);
  const multilabel = { task: "Classification", subtask: "multilabel", numClasses: 2 } as const;
  await assertFails(dataset({ labels: { values, width: 2 } }, multilabel), {});
  const regression = { task: "Regression", subtask: "regression", numClasses: 2 } as const;
  await assertFails(dataset({ labels: { values, width: 2 } }, regression), {});
  const ids = ["a", "b", "c", "d", "e", "f"];
  await assertFails(dataset({ ids }, { classNames: ["x", "y", "z"] }), {});
  const tolerant = counting(2, undefined, `{ more: () => ({ skipped: [] }) }`);
  await assertFails(dataset({ source: tolerant }), {});
});

Deno.test("datasetChecks give a dataset its folder and transforms of images", async () => {
  let seen: [string, ImageTransforms | undefined] | undefined;
  const looking = plain("dataset", (_, { dataRootDir, images }) => {
    seen = [dataRootDir, images];
    return dataset({}).create({}, { dataRootDir: dataRootDir });
  });
  await assertFails(looking, {}, { context: { dataRootDir: "images" } });
  if (seen?.[0] !== "images" || seen[1]?.train.size?.join() !== "8,8") throw new Error(`${seen}`);
});

Deno.test("datasetChecks find tasks that do not exist", async () => {
  const odd = dataset({}, { task: "Detection" as "Regression" });
  await assertFails(odd, { [TASK]: /^its task is "Detection"$/ });
  const mixed = dataset({}, { task: "Regression" });
  await assertFails(mixed, { [TASK]: /^its task is Regression, its subtask "multiclass"$/ });
  const half = dataset({}, { numClasses: 2.5 });
  await assertFails(half, { [TASK]: /^numClasses is 2.5$/ });
  const unnamed = dataset({}, { classNames: ["x"] });
  await assertFails(unnamed, { [TASK]: /^numClasses is 3, with 1 classNames$/ });
});

Deno.test("datasetChecks find files that are missing, and no training split", async () => {
  const missing = dataset({}, {
    open: () => Promise.reject(new Error("no such file")),
  });
  const others = EVERYTHING.filter((name) => name !== TASK);
  await assertFails(missing, Object.fromEntries(others.map((name) => [name, /^no such file$/])));
  const empty = dataset({}, { open: () => Promise.resolve(undefined) });
  await assertFails(empty, { [SPLITS]: /^it has no training split$/ });
});

Deno.test("datasetChecks find facts that do not fit each other", async () => {
  const facts = async (split: Partial<Split>, state: RegExp, more: Record<string, RegExp> = {}) =>
    await assertFails(dataset(split), { [SPLITS]: state, ...more });
  await facts({ name: "" }, /^a split has no name$/);
  await facts({ length: 0 }, /^"samples" has 0 samples$/, {
    [LABELS]: /has 6 targets, expected 0$/,
  });
  await facts({ ids: ["a"] }, /^"samples" has 6 samples and 1 ids$/);
  await facts(
    { bagLengths: Int32Array.of(1, 1) },
    /^"samples" has 6 samples and 2 lengths of bags$/,
    {
      [ROWS]: /^bags of "samples" are undefined, not 1,1,1,1$/,
      [INSTANCES]: /./,
    },
  );
  const { source: { options } } = samples();
  const unreachable = Object.fromEntries(
    [ROWS, ORDER, AHEAD, INTO].map((name) => [name, /Relative import|Import|not/]),
  );
  const relative = { module: "./rows.ts", options };
  await facts({ source: relative }, /^the module of "samples" is not a URL$/, unreachable);
  const { module } = samples().source;
  const uncloneable = /could not be cloned/;
  await facts({ source: { module, options: { width: 2, call: () => 1 } } }, uncloneable, {
    [ROWS]: uncloneable,
    [ORDER]: uncloneable,
    [AHEAD]: uncloneable,
    [INTO]: uncloneable,
  });
  const differing = dataset({}, {
    open(name) {
      if (name === "train") return Promise.resolve(samples());
      const wide = samples({ sampleShape: [3], source: counting(3) });
      return Promise.resolve(name === "val" ? wide : undefined);
    },
  });
  await assertFails(differing, {
    [SPLITS]: /^samples of "samples" are \[3\], those to train on \[2\]$/,
  });
});

Deno.test("datasetChecks find targets that are out of range", async () => {
  const of = (...values: number[]) => ({ labels: { values: Int32Array.from(values), width: 1 } });
  await assertFails(dataset(of(0, 1, 2, 3, 1, 2)), { [LABELS]: /^target 3 of "samples" is 3$/ });
  await assertFails(dataset(of(0, 1)), { [LABELS]: /^"samples" has 2 targets, expected 6$/ });
  const floats = { labels: { values: new Float32Array(6), width: 1 } };
  await assertFails(dataset(floats), { [LABELS]: /^targets of "samples" are not an Int32Array$/ });
  const values = new Float32Array(12).fill(0.5);
  const two = { labels: { values, width: 2 } };
  await assertFails(dataset(two), { [LABELS]: /^"samples" has 2 targets per sample, expected 1$/ });
  const multilabel = { subtask: "multilabel", numClasses: 2 } as const;
  await assertFails(dataset(two, multilabel), { [LABELS]: /^target 0 of "samples" is 0.5$/ });
  const regression = { task: "Regression", subtask: "regression", numClasses: 2 } as const;
  await assertFails(dataset(two, regression), {});
  const nan = { labels: { values: new Float32Array(12).fill(NaN), width: 2 } };
  await assertFails(dataset(nan, regression), { [LABELS]: /^target 0 of "samples" is NaN$/ });
});

Deno.test("datasetChecks find a dataset that is another one when it is opened again", async () => {
  let opened = 0;
  const shuffling = dataset({}, {
    open: (name) => {
      const labels = { values: Int32Array.from([0, 1, 2, 0, 1, opened++ % 2]), width: 1 };
      return Promise.resolve(name === "train" ? samples({ labels }) : undefined);
    },
  });
  await assertFails(shuffling, {
    [AGAIN]: /^the facts of "samples" differ when it is opened again$/,
  });
});

Deno.test("datasetChecks find rows that were not announced", async () => {
  const source = (parts: string, width = 2) => ({ source: counting(width, undefined, parts) });
  await assertFails(dataset(source("{}", 3)), {
    [ROWS]: /^"samples" gives 12 values for 4 samples, expected 8$/,
    [ORDER]: /^sample 3 of "samples" differs when read alone$/,
  });
  await assertFails(dataset(source("{ value: () => NaN }")), {
    [ROWS]: /^"samples" gives values that are not finite$/,
  });
  await assertFails(dataset(source("{ place: (_, size) => new Float64Array(size) }")), {
    [ROWS]: /^"samples" gives rows that are not Float32Array$/,
    [INTO]: /memory of its own$/,
  });
  await assertFails(dataset(bags("{ lengths: (found) => Int32Array.from(found, () => 1) }")), {
    [ROWS]: /^bags of "samples" are 1,1,1,1, not 2,1,4,3$/,
    [INSTANCES]: /^bag 2 of "samples" gives other instances than asked for$/,
  });
  const { source: { options } } = samples();
  const silent = /^Cannot read samples: module "data:.*" exports no function openSource$/;
  await assertFails(dataset({ source: { module: "data:text/javascript,", options } }), {
    [ROWS]: silent,
    [ORDER]: silent,
    [AHEAD]: silent,
    [INTO]: silent,
  });
});

Deno.test("datasetChecks find samples that depend on the order in which they are read", async () => {
  const placed = counting(2, undefined, "{ value: (sample, i, at) => at }");
  await assertFails(dataset({ source: placed }), {
    [ORDER]: /^sample 3 of "samples" differs when read alone$/,
  });
});

Deno.test("datasetChecks find sources that mix up reads on the way at the same time", async () => {
  const code = `export const openSource = () => {
    const memory = new Float32Array(2);
    return {
      async read(indices, { into } = {}) {
        const features = into ?? new Float32Array(2 * indices.length);
        for (const [at, sample] of indices.entries()) {
          memory.fill(sample);
          await Promise.resolve();
          features.set(memory, 2 * at);
        }
        return { features };
      },
      close() {},
    };
  };`;
  const source = { module: `data:text/javascript,${encodeURIComponent(code)}`, options: null };
  await assertFails(dataset({ source }), {
    [AHEAD]: /^sample 0 of "samples" differs when others are read at the same time$/,
  });
});

Deno.test("datasetChecks find sources that do not use the memory they are given", async () => {
  const own = counting(2, undefined, "{ place: (_, size) => new Float32Array(size) }");
  await assertFails(dataset({ source: own }), {
    [INTO]: /^"samples" reads into memory of its own$/,
  });
});

Deno.test("datasetChecks find sources that read whole bags where instances are asked for", async () => {
  await assertFails(dataset(bags("{ select: () => undefined }")), {
    [INSTANCES]: /^bag 2 of "samples" gives other instances than asked for$/,
  });
});

Deno.test("datasetChecks find samples that are called fixed and change with the epoch", async () => {
  const code = `export const openSource = () => ({
    read(indices, { into, random } = {}) {
      const features = into ?? new Float32Array(indices.length * 2);
      features.set(Array.from(indices).flatMap((index) => [index, random?.epoch === 3 ? 1 : 0]));
      return { features };
    },
    close() {},
  });`;
  const source = { module: `data:text/javascript,${encodeURIComponent(code)}`, options: null };
  await assertFails(dataset({ source }), {});
  await assertFails(dataset({ source, fixed: true }), {
    [FIXED]: /^"samples" is called fixed, and differs in epoch 3$/,
  });
  let transform: ImageTransforms["train"] | undefined;
  const looking = plain("dataset", (_, { dataRootDir, images }) => {
    transform = images?.train;
    return dataset({}).create({}, { dataRootDir });
  });
  await assertFails(looking, {});
  if (!transform || !isRandom(transform)) throw new Error("the last images are not random");
});

Deno.test("datasetChecks allow samples to be left out that cannot be read", async () => {
  const code = `export const openSource = () => ({
    read(indices, { into } = {}) {
      const found = Array.from(indices).filter((index) => index !== 1);
      const features = into ?? new Float32Array(found.length * 2);
      features.set(found.flatMap((index) => [index, index]));
      const position = indices.indexOf(1);
      const skipped = position < 0 ? [] : [{ position, reason: "broken" }];
      return { features, skipped };
    },
    close() {},
  });`;
  const source = { module: `data:text/javascript,${encodeURIComponent(code)}`, options: null };
  await assertFails(dataset({ source }), {});
});
