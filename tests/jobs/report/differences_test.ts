import { assertEquals } from "@std/assert";
import { configDifferences } from "../../../jobs/report/differences.ts";

Deno.test("configDifferences() finds fields that differ or are missing, and leaves places out", () => {
  const config = { exp_dir: "a", data: { fold: 0, names: ["x"] }, logger: { group: "a" } };
  const other = { exp_dir: "b", data: { names: ["y"] }, logger: { group: "b" } };
  assertEquals(configDifferences([config, other]), [
    { path: "data.fold", values: ["0", undefined] },
    { path: "data.names", values: ['["x"]', '["y"]'] },
  ]);
  assertEquals(configDifferences([config]), []);
});
