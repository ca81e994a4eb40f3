import { assertEquals } from "@std/assert";
import { Html, markup } from "../../../../jobs/report/page/markup.ts";

Deno.test("markup escapes what is put in, unless it is HTML", () => {
  const parts = ["<a>", 1, undefined, [new Html("<i>"), "&"]];
  assertEquals(markup`<p>${parts}</p>`.text, "<p>&lt;a&gt;1<i>&amp;</p>");
  assertEquals(markup`<p title="${'"x"'}">`.text, '<p title="&quot;x&quot;">');
});
