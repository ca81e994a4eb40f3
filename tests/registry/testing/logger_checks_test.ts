import type { Logger } from "../../../registry/plugin.ts";
import { assertFails, plain } from "./_broken.ts";

const quiet: Logger = { start() {}, log() {}, finish() {} };
const logger = (parts: Partial<Logger>) => plain("logger", () => ({ ...quiet, ...parts }));

Deno.test("loggerChecks accept a logger that writes to the run directory", async () => {
  const writing = plain("logger", () => {
    let file = "";
    return {
      async start({ directory }) {
        file = `${directory}/log.txt`;
        await Deno.writeTextFile(file, "");
      },
      log: (epoch, values) =>
        Deno.writeTextFile(file, `${epoch} ${JSON.stringify(values)}\n`, { append: true }),
      finish: () => {},
    };
  });
  await assertFails(writing, {});
});

Deno.test("loggerChecks find a logger that needs an epoch before the end", async () => {
  let epochs = 0;
  const needy = logger({
    start: () => void (epochs = 0),
    log: () => void epochs++,
    finish() {
      if (epochs === 0) throw new TypeError("nothing was logged");
    },
  });
  await assertFails(needy, {
    "takes a run that fails before its first epoch": /^nothing was logged$/,
  });
});

Deno.test("loggerChecks find a logger that counts on epoch 0", async () => {
  const counting = plain("logger", () => {
    const rows: string[] = [];
    return {
      ...quiet,
      log(epoch, values) {
        rows[epoch] = JSON.stringify(values);
        for (const row of rows) if (row === undefined) throw new TypeError("row is undefined");
      },
    };
  });
  await assertFails(counting, { "takes a run that is resumed": /^row is undefined$/ });
});

Deno.test("loggerChecks find a logger that refuses NaN, or changes what it is given", async () => {
  const odd = "takes values that are not numbers, and changes nothing";
  const strict = logger({
    log(_, values) {
      if (!Object.values(values).every(Number.isFinite)) throw new RangeError("NaN");
    },
  });
  await assertFails(strict, { [odd]: /^NaN$/ });
  const tidy = logger({ start: ({ config }) => void delete (config as { task?: unknown }).task });
  await assertFails(tidy, { [odd]: /^it changes what it is given$/ });
});

Deno.test("loggerChecks find a logger that works for one run only", async () => {
  let opened = 0;
  const once = logger({
    start() {
      if (++opened > 1) throw new Error("already open");
    },
  });
  const again = /^already open$/;
  await assertFails(once, {
    "takes a run from start to finish": again,
    "takes a run that fails before its first epoch": again,
    "takes a run that is resumed": again,
    "takes an image, a file, and the numbers of a test": again,
    "takes values that are not numbers, and changes nothing": again,
  });
});

Deno.test("loggerChecks find a logger that fails at an image, or moves a file of the run", async () => {
  const careless = logger({
    logImage() {
      throw new Error("no place for it");
    },
    artifact: async (path) => await Deno.rename(path, `${path}.taken`),
  });
  await assertFails(careless, {
    "takes an image, a file, and the numbers of a test": /^no place for it$/,
  });
  await assertFails(logger({ artifact: (path) => Deno.rename(path, `${path}.taken`) }), {
    "takes an image, a file, and the numbers of a test": /no such file/,
  });
});
