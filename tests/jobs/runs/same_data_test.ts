import { assertEquals, assertThrows } from "@std/assert";
import { dataFacts } from "../../../engine/data/data_facts.ts";
import { DataError } from "../../../engine/errors.ts";
import { RunDirectory } from "../../../engine/train/run_directory.ts";
import { compareData } from "../../../jobs/runs/same_data.ts";

const facts = (...labels: readonly number[]) =>
  dataFacts({ length: labels.length, labels: { values: Int32Array.from(labels), width: 1 } });

Deno.test("compareData() refuses other data, unless the run goes on anyway", async () => {
  const directory = new RunDirectory(Deno.makeTempDirSync());
  const before = { train: await facts(0, 1), val: await facts(0) };
  const compare = (data: Parameters<typeof compareData>[0]["data"], anyway = false) =>
    compareData({ directory, data, anyway });
  assertEquals(compare(before), [
    `"${directory.path}" does not record its data: whether it is the same is not known`,
  ]);
  await directory.write("runtimeInfo", { data: before });
  assertEquals(compare(before), []);
  const wrong = [
    [{ ...before, train: await facts(0, 1, 2) }, "train", "number of samples was 2, is 3"],
    [{ ...before, test: await facts(0) }, "test", "there was none"],
    [{ train: before.train }, "val", "there is none now"],
  ] as const;
  for (const [data, split, state] of wrong) {
    const line = `its ${split} data is not what it was, ${state}`;
    const error = assertThrows(() => compare(data), DataError);
    assertEquals(
      error.message,
      `Cannot resume "${directory.path}": ${line}; --training.resume_anyway goes on`,
    );
    assertEquals(compare(data, true), [`"${directory.path}": ${line}; going on anyway`]);
  }
});
