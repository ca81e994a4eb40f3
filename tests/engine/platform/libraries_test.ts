import { assertEquals } from "@std/assert";
import { loadsLibrary } from "../../../engine/platform/libraries.ts";

Deno.test({
  name: "loadsLibrary() tells what the system loads from what it does not",
  ignore: Deno.build.os !== "linux",
  fn() {
    assertEquals(["libc.so.6", "libnothing_of_this_name.so.1"].map(loadsLibrary), [true, false]);
  },
});
