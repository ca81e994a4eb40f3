import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { attempt, refuseAtOnce } from "../../../engine/slides/refuse.ts";

const wrong = new DataError("Cannot read the slide: it is cut off");

Deno.test("refuseAtOnce() throws what is wrong", async () => {
  assertThrows(() => refuseAtOnce(wrong), DataError, "it is cut off");
  await assertRejects(() => attempt(() => Promise.reject(wrong), refuseAtOnce), DataError);
});

Deno.test("attempt() collects what is wrong with data, and throws what is wrong with code", async () => {
  const found: DataError[] = [];
  assertEquals(await attempt(() => Promise.resolve(3), found.push), 3);
  const refuse = (error: DataError) => void found.push(error);
  assertEquals(await attempt(() => Promise.reject(wrong), refuse), undefined);
  assertEquals(found, [wrong]);
  await assertRejects(
    () => attempt(() => Promise.reject(new TypeError("a bug")), refuse),
    TypeError,
  );
});
