import { assertEquals } from "@std/assert";
import { deno, documented } from "./_documented.ts";
import { listEntries, readManifest, ROOT } from "./_sources.ts";

/**
 * The finding that stays: options are schemas of valibot. Its types would have to be exported from
 * here, down to one that it keeps for itself.
 */
const KNOWN = [/^private-type-ref .*'OptionsSchema' references private type 'GenericSchema'/];

Deno.test("deno publish accepts the package, without tests, benches, pages and data", async () => {
  const { code, output } = await deno("publish", "--dry-run", "--allow-dirty");
  assertEquals(code, 0, output);
  const files = [...output.matchAll(/file:\/\/(\S+) \(/g)].map(([, path]) =>
    path.slice(ROOT.length)
  );
  // Deno takes a linked folder for a part of the package, although what it publishes names JSR's.
  const folders = "cli|engine|jobs|plugins|registry|links/cli";
  const kept = RegExp(
    `^(LICENSE|README\\.md|deno\\.json|mod\\.ts|(${folders})/.+\\.(ts|json))$`,
  );
  assertEquals(files.filter((path) => !kept.test(path)), []);
  assertEquals(["LICENSE", "README.md", "mod.ts"].filter((path) => !files.includes(path)), []);
});

Deno.test("what the package exports is documented", async () => {
  const { output } = await deno("doc", "--lint", ...Object.values(readManifest().exports));
  const findings = [...output.matchAll(/error\[([\w-]+)\]: (.*)\n\s*--> (\S+)/g)]
    .map(([, rule, message, place]) => `${rule} ${message} ${place}`);
  assertEquals(findings.filter((finding) => !KNOWN.some((known) => known.test(finding))), []);
});

/** Entries with so few names that they need no groups. */
const UNGROUPED = ["./cli", "./testing"];

Deno.test("every name of an entry stands in a group of the entry's documentation", async () => {
  const without: string[] = [];
  for (const [entry, module] of listEntries()) {
    if (UNGROUPED.includes(entry)) continue;
    // One at a time: of what two entries export, Deno describes the second as a reference.
    for (const { name, declarations } of await documented(module)) {
      const grouped = declarations.some(({ jsDoc }) =>
        jsDoc?.tags?.some(({ kind }) => kind === "category")
      );
      if (!grouped) without.push(`${entry}: ${name}`);
    }
  }
  assertEquals(without, []);
});

Deno.test("every function, class and constant of the package has an example", async () => {
  const symbols = await documented(...listEntries().values());
  const without = symbols.filter(({ declarations }) =>
    declarations.some(({ kind, jsDoc }) =>
      ["function", "class", "variable"].includes(kind) &&
      !jsDoc?.tags?.some((tag) => tag.kind === "example")
    )
  );
  assertEquals(symbols.length > 200, true);
  assertEquals(without.map(({ name }) => name), []);
});
