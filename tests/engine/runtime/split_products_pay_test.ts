import { assert } from "@std/assert";
import { splitProductsPay } from "../../../engine/runtime/split_products_pay.ts";
import { EXACT_INTEGERS } from "../../_integer_kernels.ts";

Deno.test("splitProductsPay() never recommends kernels whose sums saturate", async () => {
  const pays = await splitProductsPay();
  assert(!pays || EXACT_INTEGERS);
});
