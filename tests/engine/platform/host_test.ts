import { assertEquals } from "@std/assert";
import { hostInfo, isDeno, moduleUrl } from "../../../engine/platform/host.ts";

Deno.test("hostInfo() says under Deno what Deno says", () => {
  const { deno, typescript, v8 } = Deno.version;
  assertEquals(isDeno, true);
  assertEquals(hostInfo(), {
    deno,
    typescript,
    v8,
    os: Deno.build.os,
    arch: Deno.build.arch,
  });
});

Deno.test("moduleUrl() leaves addresses as they are in the sources", () => {
  const url = new URL("./_worker.ts", import.meta.url);
  assertEquals(moduleUrl(url).href, url.href);
});
