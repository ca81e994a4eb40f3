import { assertEquals } from "@std/assert";
import { default448 } from "../../../plugins/policy/default_448.ts";
import { transformOf } from "./_cases.ts";

Deno.test("default_448 crops the middle and resizes nothing", () => {
  const { size, operations } = transformOf(default448, { preprocessing: { channels: 3 } });
  assertEquals(size, [448, 448]);
  assertEquals(operations, [
    { op: "center_crop", size: [448, 448] },
    { op: "normalize", mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  ]);
});

Deno.test("default_448 crops to the encoder's size, or to what data says", () => {
  const preprocessing = { channels: 3, imageSize: [224, 160] } as const;
  assertEquals(transformOf(default448, { preprocessing }).size, [224, 160]);
  assertEquals(transformOf(default448, { preprocessing, imageSize: 96 }).size, [96, 96]);
  assertEquals(transformOf(default448, { preprocessing, cropSize: 64 }).size, [64, 64]);
});
