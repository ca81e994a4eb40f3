import { assertEquals } from "@std/assert";
import initWabt from "wabt";
import { RESAMPLE_BINARY, RESAMPLE_SOURCE } from "../../../engine/images/_resample_module.ts";

Deno.test("RESAMPLE_BINARY is what RESAMPLE_SOURCE compiles to", async () => {
  const wabt = await initWabt();
  const module = wabt.parseWat("resample.wat", RESAMPLE_SOURCE, { simd: true });
  const { buffer } = module.toBinary({});
  module.destroy();
  assertEquals(RESAMPLE_BINARY, btoa(String.fromCharCode(...buffer)));
});
