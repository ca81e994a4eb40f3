import { assertEquals } from "@std/assert";
import { createDownloadReport } from "../../cli/download_report.ts";
import { listener } from "./_fakes.ts";

const file = "model.safetensors";

Deno.test("createDownloadReport() writes a line every tenth where nobody watches", async () => {
  const io = listener();
  const report = await createDownloadReport(io);
  report.begin("timm/tiny");
  for (let received = 0; received <= 40e6; received += 0.5e6) {
    report.show({ file, received, total: 40e6 });
  }
  report.close();
  assertEquals(io.outLines.length, 11);
  assertEquals(io.outLines[1], `downloading ${file} of timm/tiny: 4.0 of 40.0 MB`);
  assertEquals(io.outLines[10], `downloading ${file} of timm/tiny: 40.0 of 40.0 MB`);
  report.begin("timm/small");
  report.show({ file, received: 0 });
  assertEquals(io.outLines[11], `downloading ${file} of timm/small: 0.0 MB`);
});

Deno.test("createDownloadReport() shows a bar where a person watches", async () => {
  const io = { ...listener(), terminal: true };
  const report = await createDownloadReport(io);
  report.begin("timm/tiny");
  for (const received of [0, 5e5, 1e6]) report.show({ file, received, total: 1e6 });
  report.close();
  report.close();
  assertEquals(io.outLines, []);
});
