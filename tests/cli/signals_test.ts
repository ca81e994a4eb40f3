import { assert, assertEquals, assertRejects } from "@std/assert";
import { exitCode, type StopSignal, untilStopped } from "../../cli/signals.ts";
import { listener } from "./_fakes.ts";

/** Listens to a test instead of the operating system. */
function keyboard() {
  const io = listener();
  let press: (signal: StopSignal) => void = () => {};
  let listening = false;
  const listen = (onSignal: (signal: StopSignal) => void) => {
    [press, listening] = [onSignal, true];
    return () => void (listening = false);
  };
  return {
    options: { io, last: "batch", listen },
    io,
    press: (signal: StopSignal) => press(signal),
    isListening: () => listening,
  };
}

Deno.test("untilStopped() lets work finish that no signal stops", async () => {
  const { options, io, isListening } = keyboard();
  let heard = false;
  assertEquals(
    await untilStopped(() => Promise.resolve(heard = isListening()), options),
    undefined,
  );
  assertEquals([heard, isListening(), io.errLines], [true, false, []]);
});

Deno.test("untilStopped() aborts the work's signal, and tells which signal it was", async () => {
  const { options, io, press } = keyboard();
  const stopped = await untilStopped((signal) => {
    press("SIGTERM");
    signal.throwIfAborted();
    return Promise.resolve();
  }, options);
  assertEquals(stopped, "SIGTERM");
  assertEquals(io.errLines, ["SIGTERM: stopping after this batch; once more stops at once"]);
  assertEquals([exitCode("SIGINT"), exitCode("SIGTERM")], [130, 143]);
});

Deno.test("untilStopped() throws what the work throws, also after a signal", async () => {
  const { options, press, isListening } = keyboard();
  const fail = () => Promise.reject(new RangeError("broken"));
  await assertRejects(() => untilStopped(fail, options), RangeError);
  const work = () => {
    press("SIGINT");
    return fail();
  };
  await assertRejects(() => untilStopped(work, options), RangeError);
  assertEquals(isListening(), false);
});

Deno.test("untilStopped() ends a process that is too busy to hear of signals", async () => {
  const signals = new URL("../../cli/signals.ts", import.meta.url).href;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const program = `import { untilStopped } from "${signals}";
    const io = { out() {}, err() {} };
    await untilStopped(() => {
      console.log("busy");
      for (;;);
    }, { io, last: "batch" });`;
  const permissions = ["--allow-read", "--allow-env", "--allow-sys"];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "--config", config, ...permissions, "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode(program));
  await input.close();
  const output = child.stdout.getReader();
  assertEquals(new TextDecoder().decode((await output.read()).value), "busy\n");
  // One signal after the other, until two of them were heard.
  let ended = false;
  const status = child.status.finally(() => ended = true);
  while (!ended) {
    try {
      child.kill("SIGINT");
    } catch {
      // It has ended between the two lines.
      break;
    }
    // Lets others run, as the one that waits for the end.
    await Deno.lstat(config);
  }
  const { signal } = await status;
  assertEquals(signal, "SIGKILL");
  assert((await output.read()).done);
});
