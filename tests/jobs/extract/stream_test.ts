import { assert, assertEquals } from "@std/assert";
import { extractEvents } from "../../../jobs/extract/stream.ts";
import { extractConfig, extractionRegistry } from "../../_extraction.ts";

const registry = extractionRegistry();
const flags = { split: "train", output_filename: "out.h5", "dataloading.batch_size": "4" };

Deno.test("extractEvents() gives what happens, in its order, and at the end the files", async () => {
  const events = extractEvents(extractConfig(Deno.makeTempDirSync(), flags), { registry });
  const told: string[] = [];
  let next = await events.next();
  for (; !next.done; next = await events.next()) {
    told.push(next.value.type === "progress" ? String(next.value.done) : next.value.type);
  }
  assertEquals(told, ["notice", "split", "4", "8", "12", "16", "20", "22", "file"]);
  assertEquals(next.value.map(({ samples }) => samples), [22]);
});

Deno.test("extractEvents() keeps what is done when its reader leaves", async () => {
  const folder = Deno.makeTempDirSync();
  let left = 0;
  for await (const event of extractEvents(extractConfig(folder, flags), { registry })) {
    if (event.type !== "progress") continue;
    left = event.done;
    break;
  }
  assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["out.h5.partial"]);
  const again = extractConfig(folder, { ...flags, resume: "true" });
  for await (const event of extractEvents(again, { registry })) {
    if (event.type === "split") assert(left > 0 && event.done >= left);
  }
  assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["out.h5"]);
});
