import { assertEquals } from "@std/assert";
import { ConfigError, didYouMean, nearest, PluginError, quote } from "../../registry/errors.ts";

Deno.test("ConfigError has one line for each issue", () => {
  const issues = [{ path: "a.b", message: "expected 1" }, { path: "", message: "expected 2" }];
  const error = new ConfigError(issues);
  assertEquals(error.message, "a.b: expected 1\nexpected 2");
  assertEquals(error.issues, issues);
});

Deno.test("PluginError keeps specifier and cause", () => {
  const cause = new Error("why");
  const error = new PluginError("Cannot load", { specifier: "./x.ts", cause });
  assertEquals([error.specifier, error.cause], ["./x.ts", cause]);
});

Deno.test("nearest() finds what was probably meant", () => {
  const known = ["clam", "classification", "AdamW", "CosineAnneal", "batch_size", "lr"];
  const cases: [string, string | undefined][] = [
    ["clamm", "clam"],
    ["calm", "clam"],
    ["adamw", "AdamW"],
    ["cosine", "CosineAnneal"],
    ["batch-size", "batch_size"],
    ["batchsize", "batch_size"],
    ["classificaton", "classification"],
    ["ls", "lr"],
    ["resnet", undefined],
    ["", undefined],
  ];
  for (const [name, expected] of cases) assertEquals(nearest(name, known), expected, name);
});

Deno.test("didYouMean() ends a sentence, or not", () => {
  assertEquals(didYouMean("clamm", ["clam"]), ', did you mean "clam"?');
  assertEquals(didYouMean("mean", ["clam"]), "");
});

Deno.test("quote() shows no character that moves the cursor or ends a line", () => {
  assertEquals(quote("a\x1b\x7f\x9b\u2028b"), '"a\\u001b\\u007f\\u009b\\u2028b"');
  assertEquals(quote("größe 日本"), '"größe 日本"');
});
