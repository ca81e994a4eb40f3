import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { reportTarget } from "../../../jobs/report/config.ts";

Deno.test("reportTarget() puts a report beside its runs, unless it is told where", () => {
  const html = { output: null, format: "html" } as const;
  assertEquals(reportTarget(["a/0"], html), join("a", "0", "report.html"));
  assertEquals(reportTarget(["a/0"], { ...html, format: "svg" }), join("a", "0", "report"));
  assertEquals(reportTarget(["a", "b"], html), "report.html");
  assertEquals(reportTarget(["a"], { ...html, output: "x.html" }), "x.html");
});
