import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { csvLogger } from "../../../plugins/logger/csv.ts";
import { readTable } from "../../../engine/storage/table.ts";
import { inFolder, namesIn } from "../../_training.ts";
import { epochs, numbersOf, runInfo } from "./_run.ts";

Deno.test("csv writes a row per epoch, and the test's numbers beside the best one", async () => {
  await inFolder(async (folder) => {
    const logger = csvLogger.create({}, {});
    await logger.start(runInfo(folder));
    assertEquals(await namesIn(folder), []);
    await logger.log(0, { train_loss: 1.5, 'odd, "name"': NaN });
    await logger.log(1, { train_loss: 1e-7, lr: Infinity });
    await logger.logTest!(0, { test_loss: -2 });
    await logger.finish("finished");
    const lines = [
      'epoch,train_loss,"odd, ""name""",test_loss,lr',
      "0,1.5,NaN,-2,",
      "1,1e-7,,,Infinity",
      "",
    ];
    const file = join(folder, "metrics.csv");
    assertEquals(await Deno.readTextFile(file), lines.join("\n"));
    assertEquals(await namesIn(folder), ["metrics.csv"]);
    const { columns, rows } = readTable(file, []);
    assertEquals(columns[2], 'odd, "name"');
    assertEquals(rows.map(({ cells }) => cells[2]), ["NaN", ""]);
  });
});

Deno.test("csv begins again where a resumed run does", async () => {
  await inFolder(async (folder) => {
    const table = () => Deno.readTextFile(join(folder, "metrics.csv"));
    const first = csvLogger.create({}, {});
    await first.start(runInfo(folder));
    for (const { epoch, values } of epochs(4)) await first.log(epoch, values);
    await first.finish("failed");
    const whole = await table();
    const second = csvLogger.create({}, {});
    await second.start(runInfo(folder, { earlier: epochs(2) }));
    await second.log(2, numbersOf(2));
    assertEquals((await table()).split("\n"), [...whole.split("\n").slice(0, 4), ""]);
    await second.log(3, numbersOf(3));
    assertEquals(await table(), whole);
  });
});
