/**
 * Work that is divided among the tasks of a cluster: a command `glovita` whose parts are killed once
 * each, and what it should come to.
 * @module
 */
import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Hdf5File } from "../../engine/storage/hdf5/hdf5.ts";
import { Random } from "../../engine/random.ts";
import { HOLD_AT } from "../_extraction.ts";

/** Images of the split. */
const IMAGES = 240;
/** Parts that the page makes. */
export const PARTS = 4;

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const PAGE = file("../../docs/clusters.md");

/** Says why tests of a program are skipped; they run in `deno task test:clusters`. */
export function skipped(...programs: readonly string[]): string | undefined {
  if (Deno.env.get("GLOVITA_TEST_CLUSTERS") !== "1") return "run by deno task test:clusters";
  const paths = (Deno.env.get("PATH") ?? "").split(":");
  const missing = programs.filter((program) => !paths.some((path) => exists(join(path, program))));
  return missing.length > 0 ? `${missing.join(", ")} is not installed` : undefined;
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Adds a test that needs programs; skipped ones say why. */
export function clusterTest(
  name: string,
  programs: readonly string[],
  test: (work: Work) => Promise<void>,
  check: (work: Work) => Promise<void> = checkWork,
): void {
  const reason = skipped(...programs);
  const shown = reason === undefined ? name : `${name} (${reason})`;
  Deno.test({ name: shown, ignore: reason !== undefined, fn: () => inWork(test, check) });
}

/** Work in a folder of its own. */
export interface Work {
  readonly folder: string;
  /** Runs a program there, and gives what it said. */
  run(command: string, args: readonly string[], env?: Record<string, string>): Promise<string>;
  /** A block of the page in a language, by a text in it. */
  block(language: string, text: string): string;
}

async function inWork(
  test: (work: Work) => Promise<void>,
  check: (work: Work) => Promise<void>,
): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "glovita_clusters_" });
  const bin = join(folder, "bin");
  Deno.mkdirSync(bin);
  Deno.writeTextFileSync(join(bin, "glovita"), program(folder), { mode: 0o755 });
  Deno.writeTextFileSync(join(folder, "images.json"), JSON.stringify(config));
  const PATH = `${bin}:${Deno.env.get("PATH")}`;
  const work: Work = {
    folder,
    block: blockOf,
    async run(command, args, env = {}) {
      const { code, stdout, stderr } = await new Deno.Command(command, {
        args: [...args],
        cwd: folder,
        env: { PATH, ...env },
      }).output();
      const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
      assertEquals(code, 0, `${command}: ${said}`);
      return said;
    },
  };
  try {
    await test(work);
    await check(work);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

const config = {
  data: { dataset: "made_up", length: IMAGES, augmentation: { test_policy: "plain" } },
  model: { encoder: { encoder_type: "tiny" } },
  ...{ split: "train", output_dir: "parts", output_filename: "a.h5" },
  dataloading: { batch_size: 4, num_workers: 1 },
};

function blockOf(language: string, text: string): string {
  const page = Deno.readTextFileSync(PAGE);
  const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)];
  const found = blocks.find(([, name, block]) => name === language && block.includes(text));
  if (found === undefined) throw new Error(`The page has no block of ${language} with ${text}`);
  return found[2];
}

/**
 * The command. The first time that a part is made it stops reading at an image drawn at random, and
 * is killed when a batch lies in the journal.
 */
function program(folder: string): string {
  const random = new Random(crypto.getRandomValues(new Uint32Array(1))[0]);
  const holds = Array.from(
    { length: PARTS },
    (_, part) => IMAGES / PARTS * part + 12 + random.integer(40),
  );
  const permissions = ["read", "write", "ffi", "env", "sys"].map((name) => `--allow-${name}`);
  const deno = [
    ...[Deno.execPath(), "run", "--quiet", "--no-check", ...permissions],
    file("../../cli/main.ts"),
  ];
  return `#!/bin/sh
cd "${folder}"
command="$1"
shift
run() { exec ${deno.join(" ")} "$command" --plugin ${file("../cli/_made_up.ts")} "$@"; }
given="\${SLURM_ARRAY_TASK_ID:-\${GLOVITA_SHARD:-$*}}"
task=$(echo "$given" | sed -n 's/^\\([0-9]*\\)$/\\1/p; s|^\\([0-9]*\\)/[0-9]*$|\\1|p; s|.*--shard \\([0-9]*\\)/.*|\\1|p')
[ -z "$task" ] || [ "$command" != extract_features ] && run "$@"
echo "$task" >> attempts
[ -e "begun-$task" ] && run "$@"
touch "begun-$task"
${HOLD_AT}=$(echo ${holds.join(" ")} | cut -d " " -f "$task")
export ${HOLD_AT}
run "$@" &
until [ "$(stat -c %s parts/a.shard-$task-of-${PARTS}.h5.partial 2>/dev/null || echo 0)" -gt 1100 ]; do
  kill -0 $! || exit 1
  sleep 0.1
done
kill -9 $!
wait $!
exit 137
`;
}

/** Each part was made twice, and all of them together equal an undivided run. */
async function checkWork({ folder, run }: Work): Promise<void> {
  const attempts = Deno.readTextFileSync(join(folder, "attempts")).trim().split("\n").sort();
  const twice = Array.from({ length: PARTS }, (_, i) => [String(i + 1), String(i + 1)]).flat();
  assertEquals(attempts, twice);
  await run("glovita", ["extract_features", "--config", "images.json", "--output_dir", "whole"]);
  const [whole, merged] = ["whole", "parts"].map((name) => join(folder, name, "a.h5"));
  assertEquals(await contentOf(merged), await contentOf(whole));
}

/** Everything in a file but the times that the library writes into it. */
async function contentOf(path: string): Promise<unknown> {
  using hdf5 = await Hdf5File.open(path);
  const content: unknown[] = [[...hdf5.attributes()]];
  for (const name of hdf5.names()) {
    if (hdf5.holdsTexts(name)) content.push([name, hdf5.texts(name)]);
    else {
      const dataset = await hdf5.dataset(name);
      content.push([name, dataset.header.shape, dataset.dtype, dataset.readNumbers()]);
    }
  }
  return content;
}
