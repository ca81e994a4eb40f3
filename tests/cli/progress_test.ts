import { assertEquals } from "@std/assert";
import { type Pace, Progress, type Step } from "../../cli/progress.ts";
import { listener } from "./_fakes.ts";

const step = (done: number, parts: Partial<Step> = {}): Step => ({
  done,
  total: 100,
  payload: {},
  line: String(done),
  ...parts,
});

/** Progress as lines, with a clock that the test moves. */
async function lines(pace: Pace) {
  const io = listener();
  const clock = { seconds: 0 };
  const now = () => clock.seconds * 1000;
  return { io, clock, progress: await Progress.create(io, { format: "{bar}", pace, now }) };
}

Deno.test("Progress.show() writes lines a share of the work apart, and when all is done", async () => {
  const { io, progress } = await lines({ share: 0.3 });
  for (let done = 0; done <= 100; done += 10) progress.show(step(done));
  assertEquals(io.outLines, ["0", "30", "60", "90", "100"]);
  progress.restart(0.5);
  for (let done = 50; done <= 90; done += 10) progress.show(step(done));
  assertEquals(io.outLines.slice(5), ["80"]);
});

Deno.test("Progress.show() writes lines some seconds apart", async () => {
  const { io, clock, progress } = await lines({ seconds: 30 });
  for (const seconds of [0, 29, 30, 31, 59, 60, 61]) {
    clock.seconds = seconds;
    progress.show(step(seconds, { total: undefined }));
  }
  progress.restart();
  clock.seconds = 90;
  progress.show(step(90));
  clock.seconds = 91;
  progress.show(step(91));
  assertEquals(io.outLines, ["30", "60", "91"]);
});

Deno.test("Progress.show() writes nothing without a pace, or without a line", async () => {
  const silent = await lines({});
  for (const done of [0, 50, 100]) silent.progress.show(step(done));
  const { io, progress } = await lines({ share: 0.5 });
  for (const done of [0, 50, 100]) progress.show(step(done, { line: undefined }));
  progress.show(step(20));
  assertEquals([silent.io.outLines, io.outLines], [[], ["20"]]);
});

Deno.test("Progress.show() moves a bar where a person watches, as far as there is a total", async () => {
  const io = { ...listener(), terminal: true };
  const progress = await Progress.create(io, { format: "{bar}", pace: { share: 0.5 } });
  for (const done of [0, 50, 100]) progress.show(step(done));
  progress.stop();
  progress.stop();
  assertEquals(io.outLines, []);
  progress.show(step(7, { total: undefined }));
  const plain = await Progress.create(io, { format: "{bar}", pace: { share: 0.5 }, bar: false });
  plain.show(step(8));
  assertEquals(io.outLines, ["7", "8"]);
});
