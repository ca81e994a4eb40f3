/**
 * Which part of a model a parameter belongs to: what encoder and head ask their scopes for is theirs,
 * what is declared besides belongs to the PEFT method.
 * @module
 */
import type { Scope } from "../../engine/nn/scope.ts";

/**
 * A scope that notes the names of the parameters that it is asked for.
 * @param scope The scope.
 * @param names Takes the names.
 */
export function notedScope(scope: Scope, names: Set<string>): Scope {
  const note = (name: string) => names.add(scope.path === "" ? name : `${scope.path}.${name}`);
  return {
    path: scope.path,
    trainable: scope.trainable,
    child: (name) => notedScope(scope.child(name), names),
    parameter(name, shape, initializer) {
      note(name);
      return scope.parameter(name, shape, initializer);
    },
    linear(name, inputs, outputs, options) {
      note(`${name}.weight`);
      note(`${name}.bias`);
      return scope.linear(name, inputs, outputs, options);
    },
    ...(scope.layer && { layer: (name, width, layer) => scope.layer!(name, width, layer) }),
    ...(scope.frozen && { frozen: () => notedScope(scope.frozen!(), names) }),
  };
}

/** What encoder and head have asked their scopes for. */
export interface OwnNames {
  /** Names of the encoder's parameters. */
  readonly encoder: ReadonlySet<string>;
  /** Names of the head's parameters. */
  readonly head: ReadonlySet<string>;
}

/**
 * Says what a parameter is a part of.
 * @param name Its name.
 * @param own What encoder and head have asked for.
 */
export function groupOf(name: string, own: OwnNames): "encoder" | "peft" | "head" {
  if (own.encoder.has(name)) return "encoder";
  return own.head.has(name) ? "head" : "peft";
}
