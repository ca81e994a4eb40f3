import { assertAlmostEquals, assertEquals } from "@std/assert";
import { Random } from "../../../engine/random.ts";
import { principalComponents } from "../../../jobs/plot_umap/principal_components.ts";

Deno.test("principalComponents() finds the axes along which points spread", () => {
  const random = new Random(3);
  const [length, width] = [400, 5];
  const scales = [0.1, 9, 0.2, 4, 0.1];
  const values = Float32Array.from(
    { length: length * width },
    (_, at) => random.normal() * scales[at % width],
  );
  const found = principalComponents({ values, length, width }, 42);
  for (const [axis, column] of [1, 3].entries()) {
    const products = found.map((point, row) => point[axis] * values[row * width + column]);
    const sum = products.reduce((a, b) => a + b);
    const norm = (list: readonly number[]) => Math.sqrt(list.reduce((a, b) => a + b * b, 0));
    const wanted = found.map((_, row) => values[row * width + column]);
    const correlation = sum / (norm(found.map((point) => point[axis])) * norm(wanted));
    assertAlmostEquals(Math.abs(correlation), 1, 5e-3);
  }
});

Deno.test("principalComponents() gives zeros where points do not spread", () => {
  assertEquals(
    principalComponents({ values: new Float32Array(6), length: 3, width: 2 }, 42),
    [[0, 0], [0, 0], [0, 0]],
  );
  const line = principalComponents({ values: Float32Array.of(-1, 0, 1), length: 3, width: 1 }, 42);
  assertEquals(line.map(([x, y]) => [Math.abs(Math.round(x)), Math.abs(y)]), [[1, 0], [0, 0], [
    1,
    0,
  ]]);
});
