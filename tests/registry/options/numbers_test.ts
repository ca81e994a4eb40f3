import { assertEquals } from "@std/assert";
import {
  count,
  nonNegative,
  number,
  positive,
  rate,
  whole,
} from "../../../registry/options/numbers.ts";
import type { Option } from "../../../registry/options/option.ts";
import { read } from "./_config.ts";

const LARGEST = Number.MAX_SAFE_INTEGER;

Deno.test("kinds of numbers take what lies within their bounds, and say so otherwise", () => {
  const cases: [Option<unknown>, number[], unknown[], string][] = [
    [number(0.5, "."), [-1e300, 0, 1e300], [Infinity, "1", true], "a number"],
    [
      number(1, ".", { above: 0, max: 2 }),
      [1e-9, 2],
      [0, 2.1],
      "a number above 0 and of at most 2",
    ],
    [positive(1, "."), [1e-9, 7], [0, -1, Infinity], "a number above 0"],
    [positive(1, ".", { max: 1 }), [1], [0, 1.1], "a number above 0 and of at most 1"],
    [nonNegative(1, "."), [0, 7], [-1e-9, -Infinity], "a number of at least 0"],
    [rate(0, "."), [0, 0.99], [-0.1, 1], "a number of at least 0 and below 1"],
    [whole(0, "."), [0, LARGEST], [-1, 0.5, "0"], "a whole number of at least 0"],
    [whole(0, ".", { min: -2 }), [-2, 0], [-3], "a whole number of at least -2"],
    [whole(0, ".", { max: 9 }), [0, 9], [10, LARGEST + 1], "a whole number from 0 to 9"],
    [count(1, "."), [1, LARGEST], [0, 1.5, -LARGEST - 1], "a whole number of at least 1"],
  ];
  for (const [option, good, bad, expected] of cases) {
    for (const value of good) assertEquals(read(option, value), value);
    for (const value of bad) {
      const received = typeof value === "string" ? `"${value}"` : value;
      assertEquals(read(option, value), `peft.x: expected ${expected}, received ${received}`);
    }
  }
});

Deno.test("whole numbers end where the next one would be the same number", () => {
  const wrong = "received 9007199254740992";
  assertEquals(
    read(count(1, "."), LARGEST + 1),
    `peft.x: expected a whole number from 1 to ${LARGEST}, ${wrong}`,
  );
  assertEquals(
    read(count(1, ".", { max: 5 }), LARGEST + 1),
    `peft.x: expected a whole number from 1 to 5, ${wrong}`,
  );
});

Deno.test("kinds of numbers have the default that they are given", () => {
  const options = [number(0.5, "."), whole(3, "."), count(null, "."), rate(0.25, ".")];
  assertEquals(options.map((option) => read(option)), [0.5, 3, null, 0.25]);
});
