import { assertEquals, assertRejects } from "@std/assert";
import { eventsOf, type StreamHooks } from "../../jobs/event_stream.ts";

/** Counts, a number an event, until it is stopped. */
async function count(to: number, { signal, onEvent }: StreamHooks<number>): Promise<string> {
  for (let i = 1; i <= to; i++) {
    await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
    onEvent(i);
    if (i % 2 === 0) onEvent(-i);
  }
  return `counted to ${to}`;
}

Deno.test("eventsOf() gives every event, then what the work has come to", async () => {
  const events = eventsOf<number, string>((hooks) => count(4, hooks));
  const seen: number[] = [];
  let next = await events.next();
  for (; !next.done; next = await events.next()) seen.push(next.value);
  assertEquals(seen, [1, 2, -2, 3, 4, -4]);
  assertEquals(next.value, "counted to 4");
});

Deno.test("eventsOf() stops the work and waits for it when its reader leaves", async () => {
  let ended = false;
  const work = (hooks: StreamHooks<number>) =>
    count(1000, hooks).finally(() => {
      ended = true;
    });
  for await (const event of eventsOf(work)) if (event === 3) break;
  assertEquals(ended, true);
});

Deno.test("eventsOf() throws what the work throws, and stops with the caller's signal", async () => {
  const abort = new AbortController();
  const follow = async () => {
    const events = eventsOf<number, string>((hooks) => count(1000, hooks), abort.signal);
    for await (const event of events) if (event === 3) abort.abort(new Error("enough"));
  };
  await assertRejects(follow, Error, "enough");
  const failing = eventsOf<number, never>(() => Promise.reject(new Error("broken")));
  await assertRejects(() => failing.next(), Error, "broken");
});
