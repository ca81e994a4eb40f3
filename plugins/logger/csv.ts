/**
 * Numbers as a table that any spreadsheet reads. Importing this module adds `csv` to the `logger`
 * slot.
 * @module
 */
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { EpochValues, Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { replaceTextFile } from "./_files.ts";

/** File in the run directory. */
const FILE = "metrics.csv";

/**
 * Writes `metrics.csv` into the run directory: a row per epoch, a column per number. The numbers of
 * the test split stand in the row of the best epoch, which they belong to.
 *
 * @example Two epochs
 * ```ts
 * import { csvLogger } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const directory = await Deno.makeTempDir();
 * const logger = csvLogger.create({}, {});
 * await logger.start({
 *   directory,
 *   config: {},
 *   addLog: {},
 *   dataset: "cifar10",
 *   group: "first",
 *   runtimeInfo: {},
 *   earlier: [],
 *   notify() {},
 * });
 * await logger.log(0, { val_loss: 0.5 });
 * await logger.log(1, { val_loss: 0.25 });
 * assertEquals(await Deno.readTextFile(`${directory}/metrics.csv`), "epoch,val_loss\n0,0.5\n1,0.25\n");
 * ```
 *
 * @category Loggers
 */
export const csvLogger: Plugin<"logger", NoOptions> = {
  slot: "logger",
  key: "csv",
  description: "A table in the run directory, metrics.csv, with a row per epoch",
  config: noOptions,
  create() {
    let file = "";
    const rows = new Map<number, EpochValues["values"]>();
    const log = async (epoch: number, values: EpochValues["values"]) => {
      rows.set(epoch, { ...rows.get(epoch), ...values });
      await replaceTextFile(file, renderTable(rows));
    };
    return {
      start({ directory, earlier }) {
        file = `${directory}/${FILE}`;
        for (const { epoch, values } of earlier) rows.set(epoch, values);
      },
      log,
      logTest: log,
      finish() {},
    };
  },
};

registry.add(csvLogger);

function renderTable(rows: ReadonlyMap<number, EpochValues["values"]>): string {
  const names = [...new Set([...rows.values()].flatMap((values) => Object.keys(values)))];
  const lines = [...rows].map(([epoch, values]) =>
    [epoch, ...names.map((name) => values[name] ?? "")].join(",")
  );
  return [["epoch", ...names.map(quoteCell)].join(","), ...lines, ""].join("\n");
}

/** As RFC 4180 has it. */
function quoteCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
