import { assertEquals } from "@std/assert";
import { createExtractReport } from "../../cli/extract_report.ts";
import type { ExtractEvent } from "../../jobs/extract/events.ts";
import { listener } from "./_fakes.ts";

const progress: ExtractEvent = {
  type: "progress",
  split: "train",
  done: 500,
  samples: 2000,
  rate: 12.34,
  secondsLeft: 3725,
};

Deno.test("createExtractReport() writes plain lines where nobody watches", async () => {
  const io = listener();
  let now = 0;
  const report = await createExtractReport(io, () => now);
  report.show({ type: "notice", message: "half of it is new" });
  report.show({ type: "split", split: "train", file: "a.h5", samples: 2000, done: 0 });
  report.show({ type: "split", split: "val", file: "b.h5", samples: 9, done: 4 });
  report.show(progress);
  now = 31_000;
  report.show(progress);
  report.show({ ...progress, secondsLeft: 61.4 });
  now = 62_000;
  report.show({ ...progress, secondsLeft: 61.4 });
  now = 100_000;
  report.show({ type: "download", file: "model.safetensors", received: 1.5e6, total: 3e6 });
  const file = { type: "file", split: "train", file: "a.h5", samples: 1998, embedDim: 7 } as const;
  report.show({ ...file, skipped: 2, kept: false });
  report.show({ ...file, skipped: 0, kept: true });
  report.close();
  assertEquals(io.errLines, ["note: half of it is new"]);
  assertEquals(io.outLines, [
    "train: 2000 samples",
    "val: 9 samples, 4 of them done before",
    "train: 500/2000 samples, 12.3/s, 1h02m left",
    "train: 500/2000 samples, 12.3/s, 1m1s left",
    "downloading model.safetensors: 1.5 MB of 3.0 MB",
    "train: a.h5, 1998 x 7, 2 left out",
    "train: a.h5, 1998 x 7, finished before",
  ]);
});
