import { assertEquals } from "@std/assert";
import { listFiles, listSources, read } from "./_sources.ts";

/** Phrases that a native engineer does not write, with what takes their place. */
const PHRASES: readonly [wrong: RegExp, instead: string][] = [
  [
    /(?<!\b(?:there|where|which|that|here) )\b(?:it|this|he|one|"|`) ?(?:is|was) no (?!longer|more|less|worse|better|faster|slower)[a-z]/,
    "is not a",
  ],
  [
    /\b(?:one|an?) (?:object|array|read|line|entry|number|message|pass|copy|file|call) an? (?:sample|epoch|bag|row|split|file|class|image|slide)\b/,
    "per",
  ],
  [/\b(?:bits|rows?|targets?|values|numbers?) an? (?:sample|row|bag|epoch|image)\b/, "per"],
  [/(?<!there )\b(?:is|are) no (?:\$\{|Int32Array|Float32Array|valibot)/, "is not a"],
  [/\bdear in (?:memory|time)\b/, "expensive"],
  [/\bbatch at hand\b/, "current batch"],
  [/\btold in turn\b/i, "in order"],
  [/\bturns into moves\b/, "becomes a move"],
  [/\bwithout effect here\b/, "ignored"],
];

const PAGES = ["README.md", ...listFiles("docs", ".md"), ...listSources()];

Deno.test("pages and sources use the field's English", () => {
  const found = PAGES.flatMap((path) =>
    read(path).split("\n").flatMap((line, index) =>
      PHRASES.filter(([wrong]) => wrong.test(line))
        .map(([, instead]) => `${path}:${index + 1}: ${line.trim()} (write "${instead}")`)
    )
  );
  assertEquals(found, []);
});

Deno.test("each phrase that is looked for is found where it stands", () => {
  const lines = [
    `"x" it is no folder`,
    "one object an epoch",
    "two targets a sample",
    "targets are no ${kind.name}",
    "dear in memory",
    "the batch at hand",
    "Told in turn",
    "a copy turns into moves",
    "--lr is without effect here",
  ];
  const missed = PHRASES.filter(([wrong]) => !lines.some((line) => wrong.test(line)));
  assertEquals(missed, []);
});
