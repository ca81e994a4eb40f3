import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { runTrain } from "./_fakes.ts";

async function help(...args: string[]): Promise<string> {
  const { code, out } = await runTrain([...args, "--help"]);
  assertEquals(code, 0);
  assert(out.every((line) => line.length <= 100 && line === line.trimEnd()));
  return out.join("\n");
}

/** The lines of one flag, joined. */
function about(text: string, flag: string): string {
  const lines = text.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`  --${flag}`));
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => !line.startsWith("          "));
  return [lines[start], ...rest.slice(0, end < 0 ? undefined : end)].map((line) => line.trim())
    .join(" ");
}

Deno.test("--help shows type, choices, default and description of a flag", async () => {
  const text = await help();
  assertEquals(
    about(text, "training.epochs").replace(/ +/g, " "),
    "--training.epochs INTEGER Number of epochs. (a whole number of at least 1; default: 20)",
  );
  const cases: [string, string[]][] = [
    ["training.precision", ["{no,fp16,bf16}", "default: no"]],
    ["dataloading.shuffle_train", ["--dataloading.no_shuffle_train", "default: true"]],
    ["task.metrics", ["KEY ...", "default: acc f1"]],
    ["training.seed", ["default: none"]],
    ["training.resume", ["PATH", "default: none"]],
    ["add_log.NAME VALUE", ["Metadata", "default: {}"]],
    ["data.dataset KEY", ["required"]],
    ["model.head.head_type KEY", ["default: classification"]],
    ["plugin", ["SPECIFIER"]],
  ];
  for (const [flag, parts] of cases) {
    for (const part of parts) assertStringIncludes(about(text, flag), part);
  }
});

Deno.test("--help lists the keys of a slot where none is chosen", async () => {
  const text = await help();
  for (const part of ["cifar10", "The fake clam.", "model.head:clam-head-config"]) {
    assertStringIncludes(text, part);
  }
  assert(!text.includes("--model.head.variant {"));
  assertStringIncludes(text, "logger:no-logger-config");
});

Deno.test("--help shows the flags of a chosen key", async () => {
  for (const choice of [["--model.head.head_type", "clam"], ["model.head:clam-head-config"]]) {
    const text = await help(...choice);
    assertStringIncludes(about(text, "model.head.variant"), "{sb,mb}");
    assertStringIncludes(about(text, "model.head.variant"), "Branches. (default: mb)");
    assertStringIncludes(text, "(chosen)");
    assert(!text.includes("The fake classification."));
  }
});

Deno.test("--help shows nested fields, and does not mind unfinished command lines", async () => {
  const text = await help("--data.dataset", "precomputed_features", "--nonsense", "lost");
  assertStringIncludes(about(text, "data.num_classes"), "required");
  assertStringIncludes(about(text, "data.dataset_kwargs.feature_key"), "default: features");
});

Deno.test("--help knows the plugins of a third party", async () => {
  const plugin = new URL("_mean_pooling.ts", import.meta.url).pathname;
  assertStringIncludes(await help("--plugin", plugin), "Mean over the bag.");
});
