import { assertEquals } from "@std/assert";
import { leaksOf } from "../../../engine/slides/leaks.ts";

function slides(...patients: readonly string[]) {
  return patients.map((patient, at) => {
    const id = `s${at}`;
    return { id, patient, slides: [id], parts: [], targets: [0], place: "" };
  });
}

Deno.test("each patient on two sides is told once, with a slide on each", () => {
  const samples = slides("p", "q", "p", "p", "q");
  assertEquals(leaksOf(samples, ["train", "val", "train", "test", "test"]), [
    {
      patient: "p",
      one: { id: "s0", side: "train" },
      other: { id: "s3", side: "test" },
    },
    { patient: "q", one: { id: "s1", side: "val" }, other: { id: "s4", side: "test" } },
  ]);
});

Deno.test("slides in no split leak nothing", () => {
  assertEquals(leaksOf(slides("p", "p", "q"), ["train", undefined, "test"]), []);
});
