import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { maxPool } from "../../../plugins/head_type/max_pool.ts";
import { testAgainstPyTorch, testDropout } from "./_mil.ts";

testAgainstPyTorch(maxPool);
testDropout(maxPool, { dropout: 0.5 });

Deno.test("max_pool pools the instances as they are unless told otherwise", () => {
  assertEquals(v.parse(maxPool.config, {}), { hidden_dim: null, dropout: 0 });
});
