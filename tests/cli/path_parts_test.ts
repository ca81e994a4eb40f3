/** Names that would lead out of their folder, on the command line and in config files. */
import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { extractCommand } from "../../cli/extract_features.ts";
import { trainCommand } from "../../cli/train.ts";
import { inFolder, namesIn, runFlags, words, writeSplits } from "../_training.ts";
import { extractionRegistry } from "../_extraction.ts";
import { listener } from "./_fakes.ts";

const MADE_UP = ["--data.dataset", "made_up", "--model.encoder.encoder_type", "tiny"];
const WRONG = ["../../x", "..", ".", "a/../../b", "/a", "a\nb", "a\x1b[2Jb", "a\0b", "a\\b"];

Deno.test("glovita_train refuses a logger.group that leads out of exp_dir or is not plain", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const before = await namesIn(folder);
    for (const group of WRONG) {
      const config = join(folder, "..", `${crypto.randomUUID()}.json`);
      await Deno.writeTextFile(config, JSON.stringify({ logger: { group } }));
      const io = listener();
      const code = await trainCommand(["--config", config, ...words(runFlags(files))], { io });
      await Deno.remove(config);
      assertEquals([code, io.errLines.length], [2, 1], io.errLines.join("\n"));
      assertMatch(io.errLines[0], /^logger\.group: expected a name/);
      assertEquals(await namesIn(folder), before);
    }
    const io = listener();
    const flags = runFlags(files, {
      "logger.group": "ablation/no dropout",
      "training.epochs": "1",
    });
    assertEquals(await trainCommand(words(flags), { io }), 0, io.errLines.join("\n"));
    const run = join(flags.exp_dir, "precomputed_features", "ablation", "no dropout", "0");
    assertEquals((await namesIn(run)).includes("metrics.json"), true);
  });
});

Deno.test("glovita_extract_features refuses an output_filename that leads out of output_dir", async () => {
  await inFolder(async (folder) => {
    const names = [
      "../{split}.h5",
      "/{split}.h5",
      "a/../../{split}.h5",
      "{split}/",
      "./{split}",
    ];
    for (const name of [...names, ...WRONG.map((name) => `{split}/${name}`)]) {
      const io = listener();
      const code = await extractCommand(
        [...MADE_UP, "--output_dir", folder, `--output_filename=${name}`],
        { io, registry: extractionRegistry() },
      );
      assertEquals([code, io.errLines.length], [2, 1], io.errLines.join("\n"));
      assertMatch(io.errLines[0], /^output_filename: expected a name/);
      assertEquals(await namesIn(folder), []);
    }
  });
});

Deno.test("glovita_extract_features says that its output_dir is a file", async () => {
  await inFolder(async (folder) => {
    const file = join(folder, "file");
    await Deno.writeTextFile(file, "");
    for (const path of [file, join(file, "x")]) {
      const io = listener();
      const code = await extractCommand([...MADE_UP, "--output_dir", path], {
        io,
        registry: extractionRegistry(),
      });
      assertEquals(code, 1);
      assertMatch(io.errLines.at(-1)!, /^Cannot write ".*": .*\bfile\b.* folder$/);
    }
  });
});
