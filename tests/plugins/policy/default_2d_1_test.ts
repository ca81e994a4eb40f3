import { assert, assertEquals } from "@std/assert";
import { isRandom } from "../../../engine/images/transform.ts";
import { default2d1 } from "../../../plugins/policy/default_2d_1.ts";
import { sharedDefault2d } from "../../../plugins/policy/shared_default_2d.ts";
import { transformOf } from "./_cases.ts";

Deno.test("default_2d_1 is shared_default_2d by another name", () => {
  const context = {
    preprocessing: { channels: 3, imageSize: [64, 64], cropPct: 0.8 } as const,
    mean: [0.5],
  };
  for (const own of [context, { preprocessing: { channels: 1 } }, { ...context, resizeSize: 90 }]) {
    const transform = transformOf(default2d1, own);
    assertEquals(transform, transformOf(sharedDefault2d, own));
    assert(!isRandom(transform));
  }
});
