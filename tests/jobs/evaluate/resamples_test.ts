import { assert, assertEquals } from "@std/assert";
import { countDraws, drawUnits, unitsOf } from "../../../jobs/evaluate/resamples.ts";
import { CASES } from "./_cases.ts";

Deno.test("drawUnits() draws what another implementation of the generator draws", () => {
  for (const { name, draws } of CASES) {
    const units = draws[0].length;
    const drawn = Array.from(
      drawUnits(units, { resamples: draws.length, seed: 0 }),
      (each) => [...each],
    );
    assertEquals(drawn, draws, name);
  }
});

Deno.test("drawUnits() draws all units equally often, and the first resamples whatever their number", () => {
  const tallies = new Int32Array(10);
  const drawn = drawUnits(10, { resamples: 2000, seed: 7 });
  for (const each of drawn) for (const unit of each) tallies[unit]++;
  // 2,000 ± 4 standard deviations of 42.
  assert(tallies.every((tally) => Math.abs(tally - 2000) < 170), String(tallies));
  const [few, many] = [1, 5].map((resamples) => {
    const [first] = drawUnits(10, { resamples, seed: 7 });
    return [...first];
  });
  assertEquals(few, many);
});

Deno.test("countDraws() counts each sample as often as its patient was drawn", () => {
  const units = unitsOf("patients", ["b", "a", "b", "c", "a"]);
  assertEquals([units.count, ...units.of], [3, 0, 1, 0, 2, 1]);
  const options = { resamples: 30, seed: 2 };
  const drawn = Array.from(drawUnits(units.count, options), (each) => [...each]);
  const counts = Array.from(countDraws(units, options), (each) => [...each]);
  const times = (unit: number, of: readonly number[]) => of.filter((each) => each === unit).length;
  assertEquals(counts, drawn.map((each) => [...units.of].map((unit) => times(unit, each))));
});
