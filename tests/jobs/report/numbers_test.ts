import { assertEquals } from "@std/assert";
import {
  alignDecimals,
  meanAndSd,
  plain,
  valueOf,
  withInterval,
} from "../../../jobs/report/numbers.ts";

Deno.test("numbers have as many digits as their interval allows", () => {
  const cases: readonly (readonly [number, number, number, string])[] = [
    [0.95278, 0.92917, 0.97361, "0.953 [0.929, 0.974]"],
    [0.5, 0.1, 0.9, "0.50 [0.10, 0.90]"],
    [0.99991, 0.99954, 1, "0.9999 [0.9995, 1.0000]"],
    [1, 1, 1, "1.000 [1.000, 1.000]"],
    [123.4, 110.2, 141.9, "123 [110, 142]"],
    [-0.25, -0.5, 0.001, "\u22120.25 [\u22120.50, 0.00]"],
  ];
  for (const [value, low, high, text] of cases) {
    assertEquals(withInterval({ value, low, high }), text);
  }
  assertEquals(withInterval({ value: 0.25, low: null, high: null }), "0.2500");
  assertEquals([valueOf({ value: null }), valueOf({ value: NaN })], ["–", "–"]);
});

Deno.test("numbers without an interval have four digits, and no zero has a sign", () => {
  const texts = [12.34567, 123456, 1234567, 0.0001234, 0, null].map(plain);
  assertEquals(texts, ["12.35", "123,456", "1,234,567", "0.000123", "0", "–"]);
  assertEquals(meanAndSd(-0.0001, 0.7), "0.00 ± 0.70");
  assertEquals([meanAndSd(0.5, null), meanAndSd(null, null)], ["0.5000", "–"]);
});

Deno.test("alignDecimals() puts decimal points below each other", () => {
  assertEquals(alignDecimals(["1.25", "2", "–"]), ["1.25", "2\u2008\u2007\u2007", "–"]);
});
