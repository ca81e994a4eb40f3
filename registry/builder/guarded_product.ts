/**
 * What the builder sees of the things that plugins create: views whose methods answer in the name of
 * the plugin, and that refuse what is not as announced. A new slot is a new line here.
 * @module
 */
import type { SourceModule, Split } from "../../engine/data/data.ts";
import { describe, refuse } from "../../engine/fault.ts";
import type { Scope } from "../../engine/nn/scope.ts";
import { requireLosses, requireOutput } from "../../engine/train/model_output.ts";
import type {
  Calibration,
  Dataset,
  EncoderReader,
  MetricAccumulator,
  Optimizer,
  Resampler,
  Slot,
  SlotContexts,
  SlotProducts,
  StepHook,
} from "../plugin.ts";
import {
  isSize,
  requireFactor,
  requireMask,
  requireMethods,
  requireNumbers,
  requireProduct,
  requireSizes,
  requireTransform,
} from "../contract.ts";
import { requireSource, requireSplit, requireWeights } from "./data_contract.ts";
import { requireEncoded, requireScalars, requireState, requireUpdate } from "./graph_contract.ts";
import type { Guard } from "./guard.ts";

type View<S extends Slot> = (
  product: SlotProducts[S],
  guard: Guard,
  context: SlotContexts[S],
) => SlotProducts[S];

const VIEWS: { readonly [S in Slot]: View<S> } = {
  dataset: (dataset, guard) =>
    guard.view(dataset, { open: (split) => claimSplit(split, dataset, guard) }),
  encoder_type: (encoder, guard) =>
    guard.view(encoder, {
      reader: (reader) => reader && readerView(reader, guard),
      pretrained: requireWeights,
      forward: (encoded, input) => requireEncoded(encoded, input, encoder),
    }),
  head_type: (head, guard, { numClasses }) =>
    guard.view(head, {
      forward: (output, { bags }) => requireOutput(output, { numClasses, bags: Boolean(bags) }),
    }),
  optimizer: optimizerView,
  peft: (peft, guard) =>
    guard.view(peft, {
      encoder: (scope, given) => scopeView(scope, given, guard),
      head: (scope, given) => scopeView(scope, given, guard),
      calibration: (calibration) => calibration && calibrationView(calibration, guard),
      losses: requireLosses,
      stepHook: (hook) => hookView(hook, guard),
    }),
  scheduler: (schedule, guard) => guard.view(schedule, { factor: requireFactor }),
  metric: (metric, guard) =>
    guard.view(metric, {
      accumulator: (accumulator) => accumulatorView(accumulator, guard),
      resampler: (resampler) => resamplerView(resampler, guard),
    }),
  logger: (logger, guard) => guard.view(logger),
  policy: requireTransform, // Plain data, which crosses threads, needs no view.
};

/**
 * Makes the builder's view of a product.
 * @param slot The slot.
 * @param product What `create` returned.
 * @param guard Runs the plugin's code.
 * @param context What `create` got.
 * @throws {ContractError} if it is not a product of the slot.
 */
export function guardedProduct<S extends Slot>(
  slot: S,
  product: unknown,
  guard: Guard,
  context: SlotContexts[S],
): SlotProducts[S] {
  requireProduct(slot, product);
  return VIEWS[slot](product, guard, context);
}

/** The split, whose source reads in the name of the dataset. */
function claimSplit(split: Split | undefined, dataset: Dataset, guard: Guard): Split | undefined {
  const found = requireSplit(split, dataset);
  return found && { ...found, source: claimed(found.source, guard) };
}

function claimed(source: SourceModule, { part }: Guard): SourceModule {
  return { ...source, part };
}

function readerView(reader: EncoderReader, guard: Guard): EncoderReader {
  requireMethods(reader, "a reader", ["wrap"]);
  requireSizes(reader.inputShape, "the inputShape of the reader");
  return guard.view(reader, {
    withMatmulPrecision: (made) => made && readerView(made, guard),
    wrap: (wrapped, source) =>
      wrapped === source ? source : claimed(requireSource(wrapped, "a source from wrap()"), guard),
  });
}

function accumulatorView(accumulator: MetricAccumulator, guard: Guard): MetricAccumulator {
  requireMethods(accumulator, "an accumulator", ["update", "compute"]);
  return guard.view(accumulator, { compute: requireNumbers });
}

function resamplerView(resampler: Resampler, guard: Guard): Resampler {
  if (typeof resampler !== "function") refuse("a function from resampler()", describe(resampler));
  return (counts) => guard.call("resampler", () => requireNumbers(resampler(counts)));
}

function optimizerView(optimizer: Optimizer, guard: Guard): Optimizer {
  let names: readonly string[] | undefined;
  return guard.view(optimizer, {
    state: requireState,
    update: requireUpdate,
    scalars(scalars, step, lr) {
      const found = requireScalars(scalars, { step, lr, names });
      names ??= Object.keys(found);
      return found;
    },
  });
}

function calibrationView(calibration: Calibration, guard: Guard): Calibration {
  requireMethods(calibration, "a calibration", ["mask"]);
  const { batches } = calibration;
  if (!isSize(batches)) refuse('"batches" of the calibration as a count', describe(batches));
  return guard.view(calibration, { mask: requireMask });
}

/** What a PEFT method does between updates. */
function hookView(hook: StepHook, guard: Guard): StepHook {
  requireMethods(hook, "a hook", ["afterUpdate"]);
  for (const [name, values] of Object.entries(hook.state ?? {})) {
    if (values instanceof Float32Array) continue;
    refuse(`a Float32Array as the hook's state "${name}"`, describe(values));
  }
  return guard.view(hook);
}

/** A scope of a PEFT method's own; one that the engine made answers for nobody. */
function scopeView(scope: Scope, given: Scope, guard: Guard): Scope {
  requireMethods(scope, "a scope", ["child", "parameter", "linear"]);
  if (Object.getPrototypeOf(scope) === Object.getPrototypeOf(given)) return scope;
  return guard.view(scope, {
    child: (child) => scopeView(child, given, guard),
    frozen: (fixed) => fixed && scopeView(fixed, given, guard),
    layer: (layer) => (x, context) => guard.call("forward", () => layer(x, context)),
    linear: (layer, name, inputs) => (x, context) => {
      const width = x.shape.at(-1);
      if (typeof width === "number" && width !== inputs) {
        // The fault of whoever applies the layer.
        throw new TypeError(`Cannot apply layer "${name}": ${width} inputs, expected ${inputs}`);
      }
      return guard.call("forward", () => layer(x, context));
    },
  });
}
