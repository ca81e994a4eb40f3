import { assertEquals, assertThrows } from "@std/assert";
import { datasetSpecific } from "../../../plugins/policy/dataset_specific.ts";
import { default2d2 } from "../../../plugins/policy/default_2d_2.ts";
import { default2d3 } from "../../../plugins/policy/default_2d_3.ts";
import { transformOf } from "./_cases.ts";

const context = { preprocessing: { channels: 3, imageSize: [48, 48] }, resizeSize: 60 } as const;
const of = (dataset: string) => transformOf(datasetSpecific, { ...context, dataset });

Deno.test("dataset_specific is default_2d_2 or default_2d_3, as the dataset wants", () => {
  assertEquals(of("chestxray14"), transformOf(default2d2, context));
  for (const dataset of ["diabetic_retina", "neudet", "pcam", "resisc45", "rxrx1", "zooscannet"]) {
    assertEquals(of(dataset), transformOf(default2d3, context), dataset);
  }
});

Deno.test("dataset_specific fits the shorter side to the crop for Aircraft and Flowers-102", () => {
  for (const dataset of ["fgvc_aircraft", "flowers102"]) {
    const { size, operations: [first, ...rest] } = of(dataset);
    assertEquals(size, [48, 48]);
    assertEquals(first, { op: "resize_cover", size: [48, 48], interpolation: "bilinear" });
    assertEquals(rest, transformOf(default2d3, context).operations.slice(1));
  }
});

Deno.test("dataset_specific names the datasets that it is for", () => {
  const known = '"chestxray14", "diabetic_retina", "fgvc_aircraft", "flowers102", "neudet", ' +
    '"pcam", "resisc45", "rxrx1", "zooscannet"';
  const refusal = (dataset?: string) =>
    assertThrows(() => transformOf(datasetSpecific, { ...context, dataset }), RangeError).message;
  assertEquals(refusal("cifar10"), `it has steps for datasets ${known}, not for "cifar10"`);
  assertEquals(refusal(), `it has steps for datasets ${known}, not for others`);
});
