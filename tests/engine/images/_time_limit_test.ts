import { assertEquals, assertRejects } from "@std/assert";
import { withTimeLimit } from "../../../engine/images/_time_limit.ts";
import { ImageError } from "../../../engine/images/image_error.ts";

Deno.test("withTimeLimit() gives what is ready, and passes on what goes wrong", async () => {
  assertEquals(await withTimeLimit(Promise.resolve(7), 60), 7);
  const failing = () => withTimeLimit(Promise.reject(new RangeError("no")), 60);
  await assertRejects(failing, RangeError, "no");
});

Deno.test("withTimeLimit() does not wait for ever, and nobody is told what comes later", async () => {
  const decoding = Promise.withResolvers<never>();
  const error = () => withTimeLimit(decoding.promise, 0);
  await assertRejects(error, ImageError, "decoding it takes longer than 0 s");
  decoding.reject(new Error("too late"));
  await new Promise((resolve) => setTimeout(resolve)); // an unhandled one would end the test
});
