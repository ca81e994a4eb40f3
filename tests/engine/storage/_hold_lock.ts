/** Holds the lock that its first argument names, until it is killed. */
import { FileLock } from "../../../engine/storage/lock.ts";

FileLock.take(Deno.args[0], "it is taken");
console.log("held");
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
