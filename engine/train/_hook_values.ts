/** What a hook between updates sees of the training. */
import type { Tensor } from "../ir/node.ts";
import type { Value } from "../runtime/session.ts";
import type { StepHook, StepValues } from "./interfaces.ts";
import type { TrainState } from "./state.ts";

/** Names of the parameters whose gradients a hook looks at. */
export function hookedGradients(hook: StepHook | undefined): ReadonlySet<string> {
  return new Set(hook?.gradients?.map(nameOf));
}

/**
 * The numbers between two updates.
 * @param state Parameters.
 * @param gradient Gives the gradient of the last update by a parameter's name, where it is known.
 */
export function stepValues(
  state: TrainState,
  gradient: (name: string) => Value | undefined,
): StepValues {
  return {
    update: state.step,
    value: (parameter) => state.parameter(nameOf(parameter)).data,
    gradient(parameter) {
      const name = nameOf(parameter);
      const found = gradient(name);
      if (found !== undefined) return found.data as Float32Array;
      throw new TypeError(`Cannot give the gradient of "${name}": nobody has asked for it`);
    },
  };
}

function nameOf({ node }: Tensor): string {
  if (node.op === "Input") return node.attributes.name;
  throw new TypeError(`Cannot find the result of ${node.op}: it is not a parameter`);
}
