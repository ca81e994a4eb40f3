import { assertEquals } from "@std/assert";
import { createBar } from "../../cli/progress_bar.ts";

Deno.test("createBar() makes a bar with the methods that reports call", async () => {
  const bar = await createBar("[{bar}] {text}");
  const methods = (["start", "update", "stop"] as const).map((name) => typeof bar[name]);
  assertEquals(methods, ["function", "function", "function"]);
  bar.start(10, 0, { text: "a" });
  bar.update(5, { text: "b" });
  bar.stop();
});
