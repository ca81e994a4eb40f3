import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { leftOutNotices, refuseLeftOut } from "../../../engine/slides/left_out.ts";

const table = { file: "t.csv", labelColumns: ["label"], hasPatients: true, rows: [], notices: [] };
const places = { root: "root", table };
const nothing = { withoutFile: [], withoutLabel: [], ignored: [], empty: [], withoutRow: [] };

Deno.test("what is left out is listed by the reason, many names cut off", () => {
  assertEquals(leftOutNotices(nothing, places), []);
  const many = Array.from({ length: 20 }, (_, index) => `s${index}`);
  const names = many.slice(0, 8).map((name) => `"${name}"`).join(", ");
  assertEquals(leftOutNotices({ ...nothing, empty: many, ignored: ["x"] }, places), [
    `left out: 20 slides below "root" without instances: ${names}, …`,
    'left out: 1 slide of "t.csv" with a label that is not in data.class_names: "x"',
  ]);
});

Deno.test("strict use refuses what is missing, not what nobody asked for", () => {
  refuseLeftOut({ ...nothing, ignored: ["x"], withoutRow: ["y.h5"] }, places);
  const { message, file } = assertThrows(
    () => refuseLeftOut({ ...nothing, withoutLabel: ["x"] }, places),
    DataError,
  );
  assertEquals([message, file], [
    'Cannot use "t.csv": 1 slide of "t.csv" without a label: "x"',
    "t.csv",
  ]);
});
