/**
 * What a head promises.
 * @module
 */
import { input } from "../../engine/ir/create.ts";
import { formatShape } from "../../engine/ir/dims.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { RandomStream } from "../../engine/nn/random.ts";
import { Parameters } from "../../engine/nn/scope.ts";
import { Random } from "../../engine/random.ts";
import { Session } from "../../engine/runtime/session.ts";
import type { Batch } from "../../engine/data/data.ts";
import { batchFeeds, type Model, modelInputs } from "../../engine/train/model.ts";
import type { TaskInfo } from "../plugin.ts";
import {
  checkGraphGradients,
  checkRebuilding,
  expectClose,
  expectNumbers,
  normals,
  runGraph,
  type SampleGraph,
  sampleWeights,
} from "./sample_graph.ts";
import {
  type Check,
  expect,
  type PluginUnderTest,
  tasksOf,
  unlessRefused,
} from "./plugin_under_test.ts";

const EMBED_DIM = 6;
/** Instances per bag, among them a bag of one. */
const LENGTHS = [3, 1, 9, 2];
const TASKS: readonly TaskInfo[] = [...tasksOf(3, 1), ...tasksOf(2, 3)];

type HeadUnderTest = PluginUnderTest<"head_type">;

/** Promises of heads. */
export const headChecks: readonly Check<"head_type">[] = [
  { name: "accepts targets of some kind", check: (head) => void acceptedTasks(head) },
  { name: "gives finite logits, one row per sample", check: eachModel(checkOutputs) },
  { name: "draws no random numbers in evaluation", check: eachModel(checkSteady) },
  { name: "computes a sample alone as in a batch", check: eachModel(checkCompany) },
  { name: "has the gradients of finite differences", check: eachModel(checkSlopes) },
  { name: "computes the same bits when saved and built again", check: eachModel(checkSaved) },
];

/** Makes the head anew, as a model of its own. */
type Build = () => Model;

function eachModel(check: (build: Build) => Promise<void>): Check<"head_type">["check"] {
  return async (subject) => {
    for (const task of acceptedTasks(subject)) {
      await check(() => headModel(subject, task)!);
    }
  };
}

/** The targets that the head accepts, at least of one kind. */
function acceptedTasks(subject: HeadUnderTest): readonly TaskInfo[] {
  const tasks = subject.context.subtask === undefined ? TASKS : TASKS.slice(0, 1);
  const accepted = tasks.filter((task) => headModel(subject, task) !== undefined);
  const tried = tasks.map(({ subtask, numClasses }) => `${subtask} (${numClasses})`);
  expect(accepted.length > 0, `it refuses all targets: ${tried.join(", ")}`);
  return accepted;
}

function headModel(subject: HeadUnderTest, task: TaskInfo): Model | undefined {
  const parameters = new Parameters();
  const context = {
    ...task,
    embedDim: EMBED_DIM,
    ...subject.context,
    scope: parameters.scope().child("head"),
  };
  const head = unlessRefused(() => subject.plugin.create(subject.options, context));
  if (head === undefined) return undefined;
  const kinds: readonly string[] = ["embedding", "bag"];
  expect(kinds.includes(head.input), `its input is ${JSON.stringify(head.input)}`);
  return {
    task: context.task,
    subtask: context.subtask,
    numClasses: context.numClasses,
    bags: head.input === "bag",
    sampleShape: [context.embedDim],
    parameters: parameters.list(),
    forward: (inputs, mode) => head.forward(inputs, mode),
  };
}

/** Random samples, with every class among their targets. */
function sampleBatch(model: Model, seed: number, lengths: readonly number[] = LENGTHS): Batch {
  const size = lengths.length;
  const rows = model.bags ? lengths.reduce((a, b) => a + b, 0) : size;
  const random = new Random(seed);
  const target = () => model.subtask === "multilabel" ? random.integer(2) : random.normal();
  return {
    features: normals(rows * model.sampleShape[0], seed),
    rows,
    size,
    lengths: model.bags ? Int32Array.from(lengths) : undefined,
    labels: model.subtask === "multiclass"
      ? Int32Array.from({ length: size }, (_, index) => index % model.numClasses)
      : Float32Array.from({ length: size * model.numClasses }, target),
    indices: Int32Array.from({ length: size }, (_, index) => index),
  };
}

/** What a head computes in training, or in evaluation, where it must not see targets. */
function graphOf(model: Model, training: boolean, batch: Batch, seed = 1): SampleGraph {
  const inputs = modelInputs(model);
  const { labels: _, ...samples } = inputs;
  const random = new RandomStream(input("random_seed", "uint32", []));
  const output = model.forward(training ? inputs : samples, { training, random });
  const outputs: Record<string, Tensor> = { logits: output.logits };
  for (const [name, loss] of Object.entries(output.losses ?? {})) outputs[`loss ${name}`] = loss;
  if (!training && output.attention) outputs["attention scores"] = output.attention;
  if (!training && output.instanceScores) outputs["instance scores"] = output.instanceScores;
  return {
    outputs,
    parameters: model.parameters,
    differentiable: [inputs.features],
    feeds: batchFeeds(batch, model, seed),
  };
}

async function checkOutputs(build: Build): Promise<void> {
  for (const training of [false, true]) {
    const model = build();
    const batch = sampleBatch(model, 1);
    const graph = graphOf(model, training, batch);
    const { shape, dtype } = graph.outputs.logits;
    const declared = `logits are declared ${dtype} ${formatShape(shape)}`;
    const matrix = shape.length === 2 && dtype === "float32";
    expect(matrix, `${declared}, expected [batch, ${model.numClasses}]`);
    const results = await runGraph(graph, sampleWeights(model.parameters, 1));
    for (const [name, value] of Object.entries(results)) {
      if (name === "logits") expectNumbers(value, name, [batch.size, model.numClasses]);
      else if (name.startsWith("loss ")) expectNumbers(value, name, []);
      else if (name === "instance scores") {
        expectNumbers(value, name, [batch.rows, model.numClasses]);
      } else expectNumbers(value, name, [value.shape[0], batch.rows]);
    }
  }
}

/** Only a graph that draws random numbers has their seed among its inputs. */
async function checkSteady(build: Build): Promise<void> {
  const model = build();
  const session = await Session.create(graphOf(model, false, sampleBatch(model, 1)).outputs);
  const steady = !session.inputs.has("random_seed");
  await session.release();
  expect(steady, "its evaluation depends on the seed");
}

async function checkCompany(build: Build): Promise<void> {
  const model = build();
  const batch = sampleBatch(model, 1);
  const weights = sampleWeights(model.parameters, 1);
  const together = await runGraph(graphOf(model, false, batch), weights);
  let start = 0;
  for (const [index, length] of LENGTHS.entries()) {
    const rows = model.bags ? length : 1;
    const width = model.sampleShape[0];
    const features = batch.features.slice(start * width, (start + rows) * width);
    start += rows;
    const single = { ...sampleBatch(model, 1, [length]), features };
    const alone = await runGraph(graphOf(model, false, single), weights);
    const classes = model.numClasses;
    const logits = together.logits.data as Float32Array;
    expectClose(
      alone.logits.data as Float32Array,
      logits.slice(index * classes, (index + 1) * classes),
      `the logits of sample ${index} change with its neighbours`,
    );
  }
}

async function checkSlopes(build: Build): Promise<void> {
  const model = build();
  const flows = await checkGraphGradients((seed) => {
    const model = build();
    return graphOf(model, true, sampleBatch(model, seed), seed);
  });
  const trainable = model.parameters.some((parameter) => parameter.trainable);
  expect(flows || !trainable, "no gradient reaches its parameters");
}

async function checkSaved(build: Build): Promise<void> {
  for (const training of [false, true]) {
    await checkRebuilding(() => {
      const model = build();
      return graphOf(model, training, sampleBatch(model, 1));
    });
  }
}
