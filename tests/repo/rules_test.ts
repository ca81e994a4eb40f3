import { assertEquals } from "@std/assert";
import { code, listFiles, listSources, read } from "./_sources.ts";

const MAX_LINES = 400;

/** Lines of the given files, without comments, that match a pattern. */
function linesWith(pattern: RegExp, paths: readonly string[]): string[] {
  return paths.flatMap((path) =>
    code(read(path)).split("\n").filter((line) => pattern.test(line))
      .map((line) => `${path}: ${line.trim()}`)
  );
}

/** Modules that start threads of `node:worker_threads`, which both have. */
const THREADS = new Set(["engine/storage/hdf5/library_client.ts"]);

const outsideCli = listSources().filter((path) => !path.startsWith("cli/"));

Deno.test(`no source file has more than ${MAX_LINES} lines`, () => {
  const long = listSources().concat(listFiles("examples", ".ts"))
    .map((path) => `${path}: ${read(path).split("\n").length - 1}`)
    .filter((entry) => Number(entry.split(": ")[1]) > MAX_LINES);
  assertEquals(long, []);
});

Deno.test("no module augments another one or the global scope", () => {
  assertEquals(linesWith(/\bdeclare\s+(module|global)\b/, listSources()), []);
});

Deno.test("only cli/ writes to the console, reads arguments and exits", () => {
  assertEquals(linesWith(/\bconsole\.|\bDeno\.(exit|args)\b/, outsideCli), []);
  assertEquals(
    linesWith(/^import .*\b(argv|exit|stdout|stderr)\b.*"node:process"/, outsideCli),
    [],
  );
});

Deno.test("only engine/platform/ knows Deno: all else runs under Node as well", () => {
  // Tasks of Deno's make what is in `browser/`, and browsers run it.
  const library = outsideCli.filter((path) => !/^(engine\/platform|browser)\//.test(path));
  const own = /\bDeno\.\w|\bnew Worker\(|"[./]*deno\.json"|\bfrom "@std\//;
  assertEquals(linesWith(own, library.filter((path) => !THREADS.has(path))), []);
  // Methods that came after the V8 of Node 24.
  assertEquals(linesWith(/\.(toHex|toBase64)\(|\b(fromHex|fromBase64)\(/, library), []);
});

Deno.test("no source file uses `any`, or turns off a check", () => {
  assertEquals(linesWith(/[:<|&(,]\s*any\b|\bas any\b|\bany\[\]/, listSources()), []);
  const ignored = listSources().filter((path) =>
    /deno-lint-ignore|@ts-(ignore|nocheck)/.test(read(path))
  );
  assertEquals(ignored, []);
});

Deno.test("importing a module reads no environment and runs no command", () => {
  const reads =
    /^(?!import|export)\S.*\b(env[.[]|execFile|readFile|Deno\.(env|Command|readTextFile))/;
  assertEquals(linesWith(reads, outsideCli), []);
});

Deno.test("every source file begins with what it is", () => {
  const silent = listSources().filter((path) => {
    const [header] = /^\/\*\*[\s\S]*?\*\//.exec(read(path)) ?? [""];
    return path.includes("/_") ? header === "" : !header.includes("@module");
  });
  assertEquals(silent, []);
});

/** Wait until a condition holds; the pause between two looks decides nothing. */
const WAITING: readonly string[] = ["tests/_until.ts", "examples/ray_jobs.ts"];

Deno.test("no test and no example waits for a time, or measures one", () => {
  const clock = /\b(Date|performance)\.now\b|\btimers\/promises\b/;
  const waits = /\bsetInterval\b|\bAbortSignal\.timeout\b|\bsetTimeout\([^()]+,/;
  const files = [...listFiles("tests", ".ts"), ...listFiles("examples", ".ts")];
  const tests = files.filter((path) => !WAITING.includes(path) && !path.startsWith("tests/repo/"));
  assertEquals(linesWith(new RegExp(`${clock.source}|${waits.source}`), tests), []);
});

Deno.test("no file names places of one machine", () => {
  const folders = ["work", "home", "root", "Users", "tmp"].join("|");
  const pattern = new RegExp(`(?<![\\w.~/\\])}:])/(${folders})/\\w`);
  const texts = listFiles(".", ".ts", ".md", ".json", ".py", ".lock", "run", "LICENSE");
  const named = texts.flatMap((path) =>
    read(path).split("\n").filter((line) => pattern.test(line)).map((line) => `${path}: ${line}`)
  );
  assertEquals(named, []);
});
