import { assertEquals } from "@std/assert";
import manifest from "../../deno.json" with { type: "json" };
import { VERSION } from "../../engine/version.ts";

Deno.test("VERSION is that of deno.json", () => {
  assertEquals(VERSION, manifest.version);
});
