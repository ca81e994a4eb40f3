import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { UnclonableSetup, WorkerChannel } from "../../../engine/data/worker_channel.ts";
import { DataError } from "../../../engine/errors.ts";
import type { EchoSetup, EchoTopics } from "./_echo_worker.ts";

const url = new URL("./_echo_worker.ts", import.meta.url);
const options = { name: "echo", lost: (reason: string) => new Error(`lost: ${reason}`) };

function start(fails?: EchoSetup["fails"]) {
  const counts = new Int32Array(new SharedArrayBuffer(8));
  const channel = new WorkerChannel<EchoTopics, EchoSetup>(url, { fails, counts }, options);
  return { counts, channel };
}

Deno.test("WorkerChannel asks and is answered, without copies where memory moves", async () => {
  const { channel, counts } = start();
  await channel.ready;
  const values = Float32Array.of(1, 2, 3);
  assertEquals(await channel.ask("double", values, [values.buffer]), Float32Array.of(2, 4, 6));
  assertEquals(values.length, 0);
  assertEquals([...counts], [1, 0]);
  await channel.close();
  assertEquals([...counts], [1, 1]);
});

Deno.test("WorkerChannel answers in the order of the questions, and takes them as they come", async () => {
  const { channel } = start();
  const order: string[] = [];
  const listen = (name: string, answer: Promise<unknown>) => answer.then(() => order.push(name));
  // Waits for the two questions behind it, which must be handed over while it is being answered.
  const all = [listen("slow", channel.ask("arrived", 3))];
  all.push(listen("quick", channel.ask("hurry", 5)));
  for (const value of [1, 2]) {
    all.push(listen(`${value}`, channel.ask("double", Float32Array.of(value))));
  }
  await Promise.all(all);
  assertEquals(order, ["slow", "quick", "1", "2"]);
  await channel.close();
});

Deno.test("WorkerChannel passes on errors with their fields, and goes on", async () => {
  const { channel } = start();
  const negative = channel.ask("double", Float32Array.of(-1));
  const next = channel.ask("double", Float32Array.of(4));
  const error = await assertRejects(() => negative, DataError, "it is negative");
  assertEquals([error.file, error.index], ["a.h5", 3]);
  assertEquals(await next, Float32Array.of(8));
  await channel.close();
});

Deno.test("WorkerChannel tells everybody why its worker did not start", async () => {
  const { channel, counts } = start("start");
  const early = channel.ask("hurry", 1);
  early.catch(() => {});
  await assertRejects(() => channel.ready, RangeError, "no such thing");
  await assertRejects(() => early, RangeError, "no such thing");
  await assertRejects(() => channel.ask("hurry", 2), RangeError, "no such thing");
  assert(!channel.failed);
  await channel.close();
  assertEquals([...counts], [0, 0]);
});

Deno.test("WorkerChannel fails what was asked of a worker that broke down", async () => {
  const { channel } = start();
  const asked = [channel.ask("crash", "out of memory"), channel.ask("hurry", 1)];
  for (const answer of asked) answer.catch(() => {});
  for (const answer of asked) {
    const { message } = await assertRejects(() => answer, Error, "lost: ");
    assert(message.includes("out of memory"), message);
  }
  assert(channel.failed);
  await assertRejects(() => channel.ask("hurry", 2), Error, "out of memory");
  await channel.close();
});

Deno.test("WorkerChannel.close() waits for answers, and may be called again", async () => {
  const { channel, counts } = start();
  const answer = channel.ask("double", Float32Array.of(1));
  await Promise.all([channel.close(), channel.close()]);
  assertEquals(await answer, Float32Array.of(2));
  await channel.close();
  assertEquals([...counts], [1, 1]);
  const message = "Cannot ask the echo: it is closed";
  assertThrows(() => channel.ask("hurry", 1), Error, message);
});

Deno.test("WorkerChannel.close() passes on what the worker throws", async () => {
  const { channel } = start("close");
  await assertRejects(() => channel.close(), RangeError, "still busy");
});

Deno.test("WorkerChannel refuses what cannot cross threads, and answers the rest", async () => {
  const setup = { counts: new Int32Array(2), callback() {} };
  const error = assertThrows(() => new WorkerChannel(url, setup, options), UnclonableSetup);
  assert(error.cause instanceof DOMException);
  const { channel } = start();
  const odd = Object.assign(Float32Array.of(1), { callback() {} });
  assertEquals(await channel.ask("double", odd), Float32Array.of(2)); // own fields do not cross
  const hook = (() => 1) as unknown as number;
  assertThrows(() => channel.ask("hurry", hook), DOMException);
  assertEquals(await channel.ask("hurry", 7), 7);
  await channel.close();
});
