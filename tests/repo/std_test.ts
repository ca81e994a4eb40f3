/** Only functions that the real packages of @std have are used: links/ holds stand-ins for them. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { listFiles, read, readManifest, ROOT } from "./_sources.ts";

/** What the real packages export under these names, at the versions that deno.json asks for. */
const REAL: Readonly<Record<string, readonly string[]>> = {
  "@std/assert": [
    "assert",
    "assertAlmostEquals",
    "assertArrayIncludes",
    "assertEquals",
    "assertExists",
    "assertFalse",
    "assertGreater",
    "assertGreaterOrEqual",
    "assertInstanceOf",
    "AssertionError",
    "assertIsError",
    "assertLess",
    "assertLessOrEqual",
    "assertMatch",
    "assertNotEquals",
    "assertNotInstanceOf",
    "assertNotMatch",
    "assertNotStrictEquals",
    "assertObjectMatch",
    "assertRejects",
    "assertStrictEquals",
    "assertStringIncludes",
    "assertThrows",
    "equal",
    "fail",
    "unimplemented",
    "unreachable",
  ],
};

const packages = Object.entries(readManifest().imports)
  .filter(([, specifier]) => specifier.startsWith("jsr:@std/")).map(([name]) => name);

/** Names that modules, their examples and the pages import from a package. */
function importedFrom(name: string): string[] {
  const found = listFiles(".", ".ts", ".md").filter((path) => !path.startsWith("links/"))
    .flatMap((path) => {
      const text = read(path).replaceAll(/^ *\*? /gm, "");
      const all = text.matchAll(/^import ([^"']*?) from "(@std\/\w+)[^"]*"/gm);
      return [...all].filter(([, , from]) => from === name).map(([, names]) => names);
    });
  const names = found.flatMap((text) => text.replaceAll(/^\{|\}$|\btype /g, "").split(","))
    .map((text) => text.trim()).filter((text) => text !== "");
  return [...new Set(names)].sort();
}

/** Names that the architecture page lists for a package. */
function listedFor(name: string): string[] {
  const rows = read("docs/architecture.md").split("\n");
  const row = rows.find((line) => line.startsWith(`| ${name}`)) ?? "";
  return [...row.matchAll(/`(\w+)`/g)].map(([, listed]) => listed).sort();
}

/** Functions that the stand-in of a package exports. */
async function linkedFor(name: string): Promise<string[]> {
  const module: Record<string, unknown> = await import(
    `${ROOT}links/${name.replace("@std/", "")}/mod.ts`
  );
  const functions = Object.entries(module).filter(([name, value]) =>
    typeof value === "function" && !/^[A-Z]/.test(name)
  );
  return functions.map(([name]) => name).sort();
}

for (const name of packages) {
  Deno.test(`${name}: what is used, what is linked and what is listed are the same`, async () => {
    const used = importedFrom(name);
    assertEquals(used, listedFor(name), "docs/architecture.md lists other functions than are used");
    assertEquals(used, await linkedFor(name), "links/ has other functions than are used");
    assertEquals(used.filter((each) => !REAL[name].includes(each)), []);
  });
}

Deno.test("packages of @std are imported by name, so that this is seen", () => {
  const odd = listFiles(".", ".ts").filter((path) => !path.startsWith("links/")).flatMap((path) => {
    const lines = read(path).split("\n");
    return lines.filter((line) => /(import|export)\s*(\*|\(|\w+ from).*["']@std\//.test(line))
      .map((line) => `${path}: ${line.trim()}`);
  });
  assertEquals(odd, []);
});

Deno.test("the linked assertions refuse what the real ones refuse", async () => {
  const throwing = (): Promise<void> => {
    throw new TypeError("at once");
  };
  await assertRejects(() => assertRejects(throwing, TypeError), Error, "when expected to reject");
  await assertRejects(() => assertRejects(() => Promise.resolve(), Error), Error, "to reject");
  assertThrows(() => assertThrows(() => 3, Error), Error, "to throw");
  assertThrows(() => assertEquals({ a: undefined } as { a?: number }, {}), Error);
});
