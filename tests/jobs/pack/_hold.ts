/** Packs until a sample is done, then hangs: a process for tests that kill it. */
import { packInto } from "./_slides.ts";

const [folder, flags, split, sample] = Deno.args;
await packInto(folder, JSON.parse(flags), {
  onEvent(event) {
    if (event.type !== "progress" || event.split !== split || event.done !== Number(sample)) return;
    console.log("held");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
});
