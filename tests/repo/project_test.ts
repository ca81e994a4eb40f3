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

/** Permissions that a set may grant, without and with the places that they are for. */
const LOCAL = new Set(["read", "write", "ffi", "env", "sys", "run"]);
/** Sets that may use the network, and how much of it. */
const NETWORK: Readonly<Record<string, unknown>> = {
  download: true,
  mlflow: true,
  serve: ["127.0.0.1"],
  test: ["127.0.0.1"],
};
/** Tasks of these sets. */
const USERS: Readonly<Record<string, readonly string[]>> = {
  download: ["download", "glovita_download"],
  mlflow: ["train:mlflow", "glovita_train:mlflow"],
  serve: ["serve", "glovita_serve"],
  test: ["screenshots", "test", "test:unit", "test:clusters", "test:webgpu", "fuzz"],
};

/** Parts of a task that run Deno's programs and tests. */
function runsOf(command: string): string[] {
  return command.split(/&&|\|\||[;|]/).filter((part) => /\bdeno (run|test)\b/.test(part));
}

Deno.test("sets of permissions grant what is needed by name, and few the network", () => {
  for (const [set, permissions] of Object.entries(manifest.permissions)) {
    const { net, ...others } = permissions;
    assertEquals(Object.keys(others).filter((name) => !LOCAL.has(name)), [], set);
    assertEquals(net, NETWORK[set], set);
  }
});

Deno.test("every task takes its permissions from a set, and asks for none", () => {
  const used = new Map<string, string[]>();
  for (const [name, { command }] of Object.entries(manifest.tasks)) {
    assertEquals(command.match(/(^|\s)(-A|-[RWENSI]+\b|--allow-(?!dirty)\S*)/g), null, name);
    for (const run of runsOf(command)) {
      const [, set] = /\s-P=(\w+)\s?/.exec(run) ?? [];
      assert(set in manifest.permissions, `${name}: ${run}`);
      assert(run.includes(" --no-prompt "), `${name} would ask for permissions`);
      used.set(set, [...used.get(set) ?? [], name]);
    }
  }
  assertEquals([...used.keys()].sort(), Object.keys(manifest.permissions).sort());
  for (const [set, names] of Object.entries(USERS)) assertEquals(used.get(set), names);
});

Deno.test("tasks for users are quiet: Deno warns of sets of permissions each time", () => {
  const loud = Object.entries(manifest.tasks).flatMap(([name, { command }]) =>
    runsOf(command).filter((run) =>
      /-P=(run|download|mlflow|serve) /.test(run) && !run.includes(" --quiet ")
    )
      .map(() => name)
  );
  assertEquals(loud, []);
  // What is quiet shows no downloads, so the first command that a user meets makes them before.
  assertMatch(manifest.tasks.quickstart.command, /^deno cache (\S+) && deno run .* \1$/);
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
