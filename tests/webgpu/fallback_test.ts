/** What becomes of training, extraction and infer on a device that computes wrongly. */
import { assertEquals, assertMatch } from "@std/assert";
import { type JobOutcome, runJobs } from "../_device_jobs.ts";
import { gpuTest } from "./_adapter.ts";

const WRONG = /its results on the first batch differ from the CPU's: ".+" by .+; Conv "\S+" /;

gpuTest(
  "an explicit WebGPU that computes wrongly is refused by all jobs, by the operator's name",
  async () => {
    for (const { error, lines } of Object.values<JobOutcome>(await runJobs("webgpu"))) {
      const [name, message] = error!;
      assertEquals(name, "DeviceError");
      assertMatch(message, WRONG);
      assertMatch(message, /Use device cpu, or skip this check with no_device_check$/);
      assertEquals(lines.length, 1);
      assertMatch(lines[0], /^device webgpu, as asked for: /);
    }
  },
);

gpuTest(
  "the CPU takes the place of a WebGPU that computes wrongly and that nobody has named",
  async () => {
    for (const { error, lines } of Object.values<JobOutcome>(await runJobs("auto"))) {
      assertEquals([error, lines.length], [undefined, 2]);
      assertMatch(lines[0], /^device webgpu \(auto\): /);
      assertMatch(lines[1], /^device cpu takes its place: device webgpu: /);
      assertMatch(lines[1], WRONG);
    }
  },
);
