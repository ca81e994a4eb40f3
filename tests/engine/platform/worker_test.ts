import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { startThread } from "../../../engine/platform/worker.ts";

const ECHO = new URL("./_echo.ts", import.meta.url);

Deno.test("startThread() starts a thread that listens and answers, without copies", async () => {
  const arrived = Promise.withResolvers<unknown>();
  const thread = startThread(ECHO, "echo", { message: arrived.resolve, failed: arrived.reject });
  const buffer = Uint8Array.of(1, 2).buffer;
  thread.post(buffer, [buffer]);
  assertEquals([buffer.byteLength, new Uint8Array(await arrived.promise as ArrayBuffer)], [
    0,
    Uint8Array.of(1, 2),
  ]);
  assertThrows(() => thread.post(() => {}, []), DOMException);
  thread.end();
});

Deno.test("startThread() says why a thread broke down", async () => {
  const failure = Promise.withResolvers<string>();
  const thread = startThread(ECHO, "echo", { message() {}, failed: failure.resolve });
  thread.post("break", []);
  assertStringIncludes(await failure.promise, "broken");
  thread.end();
});
