import { assertEquals } from "@std/assert";
import { MersenneTwister } from "../../engine/mersenne_twister.ts";

Deno.test("MersenneTwister gives the numbers of the reference implementation", () => {
  const twister = new MersenneTwister(5489);
  const numbers = Array.from({ length: 10_000 }, () => twister.next());
  // The 10,000th number that the C++ standard requires of std::mt19937.
  assertEquals([numbers[0], numbers[9999]], [3499211612, 4123659995]);
});
