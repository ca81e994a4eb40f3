import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { readTestMetrics } from "../../../engine/train/test_metrics.ts";
import { TemporaryFolder } from "../storage/testdata.ts";

Deno.test("readTestMetrics() reads numbers and their intervals, and does without a file", () => {
  using folder = new TemporaryFolder();
  const file = folder.file("metrics_test.json");
  assertEquals(readTestMetrics(file), {});
  const metrics = { A: { value: 0.9, low: 0.8, high: 1 }, B: { value: null, samples: 3 } };
  Deno.writeTextFileSync(file, JSON.stringify({ split: "test", metrics }));
  assertEquals(readTestMetrics(file), {
    A: { value: 0.9, low: 0.8, high: 1 },
    B: { value: undefined, low: undefined, high: undefined },
  });
});

Deno.test("readTestMetrics() refuses a file that holds something else", () => {
  using folder = new TemporaryFolder();
  const file = folder.file("metrics_test.json");
  for (const text of ["{", "[]", "{}", '{"metrics": 3}', '{"metrics": {"A": 0.9}}']) {
    Deno.writeTextFileSync(file, text);
    const error = assertThrows(() => readTestMetrics(file), DataError);
    assertEquals(error.message, `Cannot read "${file}": it holds no metrics`);
  }
});
