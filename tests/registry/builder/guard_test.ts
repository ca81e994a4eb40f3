import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { constant } from "../../../engine/ir/create.ts";
import { exp } from "../../../engine/ir/elementwise.ts";
import { Guard } from "../../../registry/builder/guard.ts";
import { ConfigError, PluginError } from "../../../registry/errors.ts";

const guard = new Guard({ slot: "logger", key: "mine" });

/** A product as a class makes it: with state of its own, a getter and an inherited method. */
class Base {
  readonly #name = "base";
  name(): string {
    return this.#name;
  }
}

class Counter extends Base {
  #count = 0;
  readonly fixed: number = 3;
  optional?: () => number;

  get count(): number {
    return this.#count;
  }

  add(by: number): number {
    return this.#count += by;
  }

  async later(by: number): Promise<number> {
    await Promise.resolve();
    return this.add(by);
  }

  fail(message: string): never {
    throw new TypeError(message);
  }

  async failLater(error: unknown): Promise<never> {
    await Promise.resolve();
    throw error;
  }

  get broken(): number {
    throw new Error("no number");
  }
}

Deno.test("Guard.view() keeps the object's own state, getters and inherited methods", async () => {
  const counter = new Counter();
  const view = guard.view(counter);
  assertEquals([view.add(2), view.count, view.fixed, view.name()], [2, 2, 3, "base"]);
  assertEquals(await view.later(3), 5);
  assertEquals(counter.count, 5);
});

Deno.test("Guard.view() lacks what the object lacks", () => {
  assertEquals("forward" in guard.view({ factor: () => 1 } as object), false);
  assertStrictEquals(guard.view(new Counter()).optional, undefined);
  assertEquals({ ...guard.view({ a: 1, b: undefined }) }, { a: 1, b: undefined });
});

Deno.test("Guard.view() names slot and key of what methods and getters throw", async () => {
  const view = guard.view(new Counter());
  const start = 'Cannot use logger "mine": it is broken: ';
  assertThrows(() => view.fail("oops"), PluginError, `${start}oops`);
  assertThrows(() => view.broken, PluginError, `${start}no number`);
  await assertRejects(() => view.failLater(new Error("late")), PluginError, `${start}late`);
});

Deno.test("Guard.view() changes what members give, in the name of the plugin", async () => {
  const view = guard.view(new Counter(), {
    add: (sum, by) => 10 * sum + by,
    later: (sum) => 100 * sum,
    fixed: (value) => value + 1,
    name() {
      throw new TypeError("no name");
    },
  });
  assertEquals([view.add(2), await view.later(1), view.fixed], [22, 300, 4]);
  assertThrows(() => view.name(), PluginError, 'Cannot use logger "mine": it is broken: no name');
});

Deno.test("Guard.view() passes on the abort of a signal that a method was given", async () => {
  const view = guard.view({
    pretrained: (options: { signal: AbortSignal }) => Promise.reject(options.signal.reason),
    download: (_: { signal: AbortSignal }) => Promise.reject(new DOMException("", "AbortError")),
  });
  const stop = new Error("enough");
  const signal = AbortSignal.abort(stop);
  assertStrictEquals(await assertRejects(() => view.pretrained({ signal }), Error), stop);
  await assertRejects(() => view.download({ signal }), DOMException);
  const { signal: running } = new AbortController();
  await assertRejects(() => view.download({ signal: running }), PluginError);
});

Deno.test("Guard.call() puts a RangeError down to the options only where they are judged", () => {
  const fail = () => {
    throw new RangeError("expected less");
  };
  const at = new Guard({ slot: "policy", key: "mine" }, "data.augmentation.train_policy");
  const error = assertThrows(() => at.call("create", fail), ConfigError);
  assertEquals(error.message, 'data.augmentation.train_policy: "mine": expected less');
  assertThrows(
    () => guard.call("open", fail),
    ConfigError,
    'logger.backend: "mine": expected less',
  );
  assertThrows(() => guard.call("log", fail), PluginError, "it is broken: expected less");
});

Deno.test("Guard.call() marks the nodes that the plugin makes", () => {
  const x = guard.call("forward", () => exp(constant([1])));
  assertEquals(x.node.part, 'logger "mine"');
  assertEquals(exp(x).node.part, undefined);
});
