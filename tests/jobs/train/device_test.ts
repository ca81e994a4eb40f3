/** Where a run trains: what is refused, and what auto makes of it. */
import { assertEquals, assertRejects } from "@std/assert";
import { DeviceError } from "../../../engine/errors.ts";
import { peftFlags, runFlags, writeImages } from "../../_peft_runs.ts";
import { inFolder, ofType } from "../../_training.ts";

const reason =
  "peft.method adalora looks at the parameters after every update, which it does on the CPU";

Deno.test("train() refuses WebGPU where a PEFT method looks between updates", async () => {
  await inFolder(async (folder) => {
    await writeImages(folder);
    const flags = peftFlags(folder, "adalora");
    const { message } = await assertRejects(
      () => runFlags({ ...flags, "training.device": "webgpu" }),
      DeviceError,
    );
    assertEquals(message, `device webgpu: ${reason}; use device cpu`);
    const { events } = await runFlags({ ...flags, "training.device": "auto" });
    const lines = ofType(events, "notice").map(({ message }) => message)
      .filter((line) => line.startsWith("device "));
    assertEquals(lines, [`device cpu (auto): ${reason}`]);
  });
});
