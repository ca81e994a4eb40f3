/**
 * Builds a graph with its gradient in a process that may not load native libraries, then tries to
 * run it. Prints what happened.
 * @module
 */
import * as engine from "../../../engine/mod.ts";
import * as nn from "../../../engine/nn/mod.ts";

const parameters = new nn.Parameters();
const x = engine.input("x", "float32", ["batch", 3]);
const layer = parameters.scope().linear("layer", 3, 2);
const random = new nn.RandomStream(engine.scalar(0, "uint32"));
const loss = engine.reduceSum(layer(x, { training: true, random }));
const [gradient] = engine.gradients(loss, parameters.list().map(({ tensor }) => tensor));
const model = engine.encode(engine.emit({ loss, gradient }));
console.log(model.length > 100 ? "built" : "empty");
try {
  await engine.Session.load(model);
  console.log("loaded");
} catch {
  console.log("refused");
}
