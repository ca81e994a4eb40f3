import { assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { trainEvents } from "../../../jobs/train/stream.ts";
import { inFolder, writeSplits } from "../../_training.ts";
import { runParts } from "../../registry/builder/_parts.ts";

Deno.test("trainEvents() gives what happens, in its order, and at the end the results", async () => {
  await inFolder(async (folder) => {
    const events = trainEvents(runParts(await writeSplits(folder)));
    const types: string[] = [];
    let next = await events.next();
    for (; !next.done; next = await events.next()) types.push(next.value.type);
    const epoch = [...Array(4).fill("batch"), "epoch"];
    assertEquals(types, ["run", ...epoch, ...epoch, "done"]);
    assertEquals(next.value.map(({ history }) => history.length), [2]);
  });
});

Deno.test("trainEvents() stops the run where its reader leaves", async () => {
  await inFolder(async (folder) => {
    const parts = runParts(await writeSplits(folder), { training: { epochs: 500 } });
    let directory = "";
    for await (const event of trainEvents(parts)) {
      if (event.type === "run") directory = event.directory;
      if (event.type === "epoch") break;
    }
    const { train } = JSON.parse(await Deno.readTextFile(`${directory}/metrics.json`));
    assertEquals(train.length < 500, true);
  });
});

Deno.test("trainEvents() throws what stops the run: a signal, or bad data", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const abort = new AbortController();
    const follow = async () => {
      for await (const event of trainEvents(runParts(files), { signal: abort.signal })) {
        if (event.type === "batch") abort.abort(new Error("enough"));
      }
    };
    await assertRejects(follow, Error, "enough");
    const missing = runParts({ ...files, train: `${folder}/none.h5` });
    await assertRejects(() => trainEvents(missing).next(), DataError, "does not exist");
  });
});
