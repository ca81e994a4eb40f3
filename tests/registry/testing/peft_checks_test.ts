import { add, mul } from "../../../engine/ir/elementwise.ts";
import { concat, expand, reshape } from "../../../engine/ir/layout.ts";
import { torchDefault, zeros } from "../../../engine/nn/initializers.ts";
import { frozen, linear, type Scope } from "../../../engine/nn/scope.ts";
import { wrapScope } from "../../../engine/nn/wrap_scope.ts";
import { applyOne } from "../../../engine/ir/create.ts";
import type { Calibration, Peft } from "../../../registry/plugin.ts";
import { assertFails, plain } from "./_broken.ts";

const NAMES = "keeps names, shapes and initial values of parameters";
const TRAINING = "lets something train";
const ENCODER = "lets something of the encoder train";
const FREEZING = "freezes something of the encoder";
const CHOICE = "chooses entries by their gradients alone";
const LAYOUT = "keeps the layout of layers";
const SLOPES = "has the gradients of finite differences";
const SAVED = "computes the same bits when saved and built again";

const same = (scope: Scope) => scope;
/** The embedding of patches is frozen. */
const partly = (scope: Scope) =>
  wrapScope(scope, { trains: (name) => !name.startsWith("patch_embed") });
const peft = (parts: Partial<Peft>) =>
  plain("peft", () => ({ encoder: partly, head: same, ...parts }));

/** A scope whose linear layers are made otherwise; its children are such scopes too. */
function wrapped(scope: Scope, wrap: (scope: Scope) => Partial<Scope>): Scope {
  return {
    path: scope.path,
    trainable: scope.trainable,
    child: (name) => wrapped(scope.child(name), wrap),
    parameter: (...of) => scope.parameter(...of),
    linear: (...of) => scope.linear(...of),
    ...wrap(scope),
  };
}

/** Low-rank updates of frozen layers, after Hu et al. 2021. */
const lora = (scope: Scope): Scope =>
  wrapped(frozen(scope), () => ({
    path: scope.path,
    child: (name) => lora(scope.child(name)),
    linear(name, inputs, outputs, options) {
      const base = frozen(scope).linear(name, inputs, outputs, options);
      const place = scope.child(name);
      const down = place.parameter("lora_a", [2, inputs], torchDefault(inputs));
      const up = place.parameter("lora_b", [outputs, 2], zeros);
      return (x, context) => add(base(x, context), linear(linear(x, down), up));
    },
  }));

Deno.test("peftChecks accept low-rank updates", async () => {
  await assertFails(peft({ encoder: lora }), {});
});

Deno.test("peftChecks find parameters that are renamed, reshaped or filled otherwise", async () => {
  const renaming = peft({ head: (scope) => scope.child("inner") });
  await assertFails(renaming, {
    [NAMES]: /^no parameter is called "head.fc.fc.weight" any more$/,
  });
  const filling = peft({
    encoder: (scope) =>
      wrapped(partly(scope), (scope) => ({
        parameter: (name, shape) => scope.parameter(name, shape, zeros),
      })),
  });
  await assertFails(filling, { [NAMES]: /^"encoder.model.cls_token" starts from other values$/ });
});

Deno.test("peftChecks find a method that lets nothing train", async () => {
  await assertFails(peft({ encoder: frozen, head: frozen }), {
    [TRAINING]: /^all parameters are frozen$/,
    [ENCODER]: /^all parameters of the encoder are frozen$/,
    [SLOPES]: /^no gradient reaches what trains$/,
  });
});

Deno.test("peftChecks find a method that lets all of the encoder train", async () => {
  await assertFails(peft({ encoder: same }), {
    [FREEZING]: /^all parameters of the encoder train$/,
  });
});

Deno.test("peftChecks find a method that lets only the head train", async () => {
  await assertFails(peft({ encoder: frozen }), {
    [ENCODER]: /^all parameters of the encoder are frozen$/,
  });
});

Deno.test("peftChecks find a method whose parameters change nothing", async () => {
  const idle = peft({
    encoder: (scope) =>
      wrapScope(scope, {
        trains: () => false,
        linear({ base, scope }) {
          scope.parameter("scale", [1], zeros);
          return base;
        },
      }),
  });
  await assertFails(idle, { [ENCODER]: /^no gradient reaches what trains of the encoder$/ });
});

Deno.test("peftChecks accept tokens before a block, and choices of entries", async () => {
  const tokens = peft({
    encoder: (scope) =>
      wrapScope(scope, {
        trains: () => false,
        layer({ name, width, base }) {
          if (name !== "blocks.0") return base;
          const token = scope.parameter("token", [1, 1, width], torchDefault(width));
          return (x, context) =>
            base(concat([expand(token, [x.shape[0], 1, width], x), x], 1), context);
        },
      }),
  });
  await assertFails(tokens, {});
  await assertFails(
    choosing(({ gradient }) => Uint8Array.from(gradient, (x) => Number(x > 0))),
    {},
  );
});

/** A method that trains what a mask says, of all of the encoder. */
function choosing(mask: Calibration["mask"], batches = 1) {
  return peft({ encoder: same, calibration: { batches, mask } });
}

Deno.test("peftChecks find a method that chooses nothing, or everything", async () => {
  const all = (entry: number) =>
    choosing(({ gradient }) => new Uint8Array(gradient.length).fill(entry));
  await assertFails(all(0), { [ENCODER]: /^all parameters of the encoder are frozen$/ });
  await assertFails(all(1), { [FREEZING]: /^all parameters of the encoder train$/ });
});

Deno.test("peftChecks find choices that are none, or differ from call to call", async () => {
  let calls = 0;
  const drifting = choosing(({ gradient }) =>
    new Uint8Array(gradient.length).fill(0).fill(1, calls++ % gradient.length)
  );
  await assertFails(drifting, { [CHOICE]: /^it chooses other entries of "encoder\.model\.\S+"/ });
  const short = choosing(() => new Uint8Array(1));
  const wrong = /^expected a mask of "\S+" for \[\S+, \S+\], received 1 entries$/;
  await assertFails(short, { [ENCODER]: wrong, [FREEZING]: wrong, [CHOICE]: wrong });
  const half = choosing(({ gradient }) => Uint8Array.from(gradient, (_, at) => at % 2), 0.5);
  await assertFails(half, { [CHOICE]: /^it looks at 0.5 batches$/ });
});

Deno.test("peftChecks find layers whose output has another layout", async () => {
  const flat = peft({
    head: (scope) =>
      wrapped(scope, (scope) => ({
        linear(name, inputs, outputs, options) {
          const layer = scope.linear(name, inputs, outputs, options);
          return (x, context) => reshape(layer(x, context), [12]);
        },
      })),
  });
  await assertFails(flat, { [LAYOUT]: /^logits are float32 \[12\], expected float32 \[4, 3\]$/ });
});

Deno.test("peftChecks find gradients that are cut off", async () => {
  const cut = peft({
    encoder: (scope) =>
      wrapped(partly(scope), (scope) => ({
        linear(name, inputs, outputs, options) {
          const layer = scope.linear(name, inputs, outputs, options);
          return (x, context) =>
            applyOne("Identity", [layer(x, context)], { detached: name === "attn.qkv" });
        },
      })),
  });
  await assertFails(cut, { [SLOPES]: /^the gradient of "encoder.model.\S+" .* says 0.000 where/ });
});

Deno.test("peftChecks find a method that differs from call to call", async () => {
  let calls = 0;
  const drifting = peft({
    encoder: (scope) => {
      const factor = 1 + calls++ / 10;
      return wrapped(partly(scope), (scope) => ({
        linear(name, inputs, outputs, options) {
          const layer = scope.linear(name, inputs, outputs, options);
          return (x, context) => mul(layer(x, context), factor);
        },
      }));
    },
  });
  await assertFails(drifting, { [SAVED]: /^logits were \S+ at \d+, built again \S+$/ });
});
