import { assert, assertEquals, assertMatch } from "@std/assert";
import { listFiles, read, readManifest, ROOT } from "./_sources.ts";

const manifest = readManifest();
const TEST_COMMAND = /npx -y deno@[\d.]+ task test/;

Deno.test(".ci/run calls the test command of the README", () => {
  const [command] = TEST_COMMAND.exec(read("README.md"))!;
  assertEquals(TEST_COMMAND.exec(read(".ci/run"))![0], command);
});

Deno.test("all files name one version of Deno", () => {
  const texts = listFiles(".", ".ts", ".md", ".json", "run");
  const versions = texts.flatMap((path) => read(path).match(/deno@\d+\.\d+\.\d+/g) ?? []);
  assertEquals([...new Set(versions)].length, 1, versions.join(" "));
});

/** Tasks that may use the network, and how much of it. */
const NETWORK: Readonly<Record<string, string>> = {
  download: "--allow-net",
  glovita_download: "--allow-net",
  test: "--allow-net=127.0.0.1",
};

Deno.test("every task grants what it needs by name, and few the network", () => {
  for (const [name, { command }] of Object.entries(manifest.tasks)) {
    const words = command.split(/\s+/);
    const broad = words.filter((word) => /^(-A|-P|--allow-(all|net|import|scripts).*)$/.test(word))
      .filter((word) => word !== NETWORK[name]);
    assertEquals(broad, [], name);
    for (const [run] of command.matchAll(/deno (run|test)\b[^&|;]*/g)) {
      assert(run.includes("--no-prompt"), `${name} would ask for permissions`);
    }
  }
});

Deno.test("a command and its name with the prefix are the same task", () => {
  const prefixed = Object.keys(manifest.tasks).filter((name) => name.startsWith("glovita_"));
  for (const name of prefixed) {
    const { command } = manifest.tasks[name.slice("glovita_".length)];
    assertEquals(manifest.tasks[name].command, command);
  }
});

Deno.test("packages of npm have exact versions, and the lock file holds them and no addresses", () => {
  const lock = JSON.parse(read("deno.lock"));
  for (const specifier of Object.values(manifest.imports)) {
    if (!specifier.startsWith("npm:")) continue;
    assertMatch(specifier, /@\d+\.\d+\.\d+(-\d+)?$/);
    assert(specifier in lock.specifiers, `${specifier} is not in deno.lock`);
  }
  assertEquals(read("deno.lock").match(/https?:|"resolved"|"tarball"/g), null);
});

Deno.test("packages of @std are linked, in the version that is asked for", () => {
  for (const [name, specifier] of Object.entries(manifest.imports)) {
    if (!specifier.startsWith("jsr:")) continue;
    const linked = JSON.parse(read(`links/${name.replace("@std/", "")}/deno.json`));
    assertEquals([`jsr:${linked.name}@^${linked.version}`], [specifier]);
  }
});

Deno.test("links between pages lead somewhere", () => {
  const pages = listFiles(".", ".md");
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\(((?!https?:)[^)#]+)[^)]*\)/g)]
      .map(([, target]) => new URL(target, `file://${ROOT}${page}`))
      .filter((url) => !exists(url))
      .map((url) => `${page}: ${url.pathname}`)
  );
  assertEquals(broken, []);
});

function exists(url: URL): boolean {
  try {
    Deno.statSync(url);
    return true;
  } catch {
    return false;
  }
}
