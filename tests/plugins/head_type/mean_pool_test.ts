import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { meanPool } from "../../../plugins/head_type/mean_pool.ts";
import { testAgainstPyTorch, testDropout } from "./_mil.ts";

testAgainstPyTorch(meanPool);
testDropout(meanPool, { dropout: 0.5 });

Deno.test("mean_pool pools the instances as they are unless told otherwise", () => {
  assertEquals(v.parse(meanPool.config, {}), { hidden_dim: null, dropout: 0 });
});
