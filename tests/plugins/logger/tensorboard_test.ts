import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { imageValue } from "../../../plugins/logger/_tensorboard.ts";
import { tensorboard } from "../../../plugins/logger/tensorboard.ts";
import type { RunInfo } from "../../../registry/plugin.ts";
import { inFolder, namesIn } from "../../_training.ts";
import { crc32c, type Event, readEvents } from "./_decode.ts";
import { eventBytes, EVENTS } from "./_fixtures.ts";
import { epochs, hasPython, numbersOf, PNG, runInfo, runPython } from "./_run.ts";

/** Events of each file of a folder, in the order in which TensorBoard reads them. */
async function eventsIn(folder: string): Promise<Event[][]> {
  const names = (await namesIn(folder)).filter((name) => name.includes("tfevents"));
  return names.map((name) => readEvents(Deno.readFileSync(join(folder, name))));
}

/** What one process logs: the epochs from the end of the earlier ones to `end`. */
async function logUntil(end: number, info: RunInfo): Promise<void> {
  const logger = tensorboard.create({}, {});
  await logger.start(info);
  for (const { epoch, values } of epochs(end).slice(info.earlier.length)) {
    await logger.log(epoch, values);
  }
  await logger.finish("failed");
}

const version = { step: 0, kind: "version", values: {} } as const;
const numbers = (step: number) => ({ step, kind: "summary", values: numbersOf(step) }) as const;

Deno.test("crc32c is that of RFC 3720", () => {
  assertEquals(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
  assertEquals(crc32c(new Uint8Array(32)), 0x8a9136aa);
});

Deno.test("tensorboard writes the config, numbers and images", async () => {
  await inFolder(async (folder) => {
    const logger = tensorboard.create({}, {});
    await logger.start(runInfo(folder, { config: { a: 1 }, addLog: { note: "é" } }));
    await logger.log(0, numbersOf(0));
    await logger.logImage!(0, "val_Plot", PNG);
    await logger.log(1, { train_loss: NaN, val_loss: -Infinity, lr: 0.1 });
    await logger.logTest!(1, { test_loss: 2 });
    await logger.finish("finished");
    const text = { a: 1, add_log: { note: "é" }, runtime: { glovita: "0.1.0" } };
    const config = ["```json", JSON.stringify(text, undefined, 2), "```"].join("\n");
    const odd = { train_loss: NaN, val_loss: -Infinity, lr: Math.fround(0.1) };
    const summary = (step: number, values: Record<string, unknown>) =>
      ({ step, kind: "summary", values }) as const;
    assertEquals(await eventsIn(folder), [[
      version,
      summary(0, { config }),
      numbers(0),
      summary(0, { val_Plot: [1, 1, PNG.length] }),
      summary(1, odd),
      summary(1, { test_loss: 2 }),
    ]]);
  });
});

Deno.test("tensorboard goes on in a file of its own, which takes back what is trained again", async () => {
  await inFolder(async (folder) => {
    await logUntil(4, runInfo(folder));
    await logUntil(3, runInfo(folder, { earlier: epochs(2) }));
    await logUntil(4, runInfo(folder, { earlier: epochs(3) }));
    const [, second, third] = await eventsIn(folder);
    assertEquals(second, [version, { step: 2, kind: "start", values: {} }, numbers(2)]);
    assertEquals(third, [version, { step: 3, kind: "start", values: {} }, numbers(3)]);
  });
});

Deno.test("tensorboard adds the earlier epochs that its files lack, whatever their end", async () => {
  await inFolder(async (folder) => {
    await logUntil(2, runInfo(folder));
    const [name] = await namesIn(folder);
    const file = join(folder, name);
    const { size } = await Deno.stat(file);
    await Deno.truncate(file, size - 3); // The last epoch is torn.
    await logUntil(3, runInfo(folder, { earlier: epochs(2) }));
    const second = readEvents(await Deno.readFile(join(folder, (await namesIn(folder))[1])));
    const start = { step: 1, kind: "start", values: {} } as const;
    assertEquals(second, [version, start, numbers(1), numbers(2)]);
  });
  await inFolder(async (folder) => {
    await logUntil(3, runInfo(folder, { earlier: epochs(2) })); // Another logger was there before.
    const [[, , ...events]] = await eventsIn(folder);
    assertEquals(events, [numbers(0), numbers(1), numbers(2)]);
  });
});

Deno.test("tensorboard refuses images that are not PNG files", () => {
  const error = "Cannot log an image: its bytes are not a PNG file";
  assertThrows(() => imageValue("plot", new Uint8Array(40)), TypeError, error);
  assertThrows(() => imageValue("plot", PNG.slice(0, 20)), TypeError, error);
});

Deno.test("tensorboard's bytes are those that TensorBoard's reader has read", async () => {
  assertEquals(await Deno.readFile(EVENTS.file), eventBytes());
  const { scalars } = JSON.parse(await Deno.readTextFile(EVENTS.found));
  const last = readEvents(eventBytes()).at(-1)!;
  assertEquals(scalars.train_loss.at(-1), [last.step, last.values.train_loss]);
  assertEquals(scalars.train_loss.map(([step]: [number]) => step), [0, 1, 2, 300]);
});

Deno.test({
  name: "tensorboard writes what EventAccumulator reads (needs GLOVITA_PYTHON with tensorboard)",
  ignore: !hasPython("tensorboard"),
  fn: async () => {
    const found = JSON.parse(await Deno.readTextFile(EVENTS.found));
    assertEquals(runPython("read_events.py", EVENTS.folder), found);
    await inFolder(async (folder) => {
      await logUntil(4, runInfo(folder));
      await logUntil(6, runInfo(folder, { earlier: epochs(2) }));
      const { scalars } = runPython("read_events.py", folder) as {
        scalars: Record<string, [number, number][]>;
      };
      const wanted = epochs(6).map(({ epoch, values }) => [epoch, values.val_Accuracy]);
      assertEquals(scalars.val_Accuracy, wanted);
    });
  },
});
