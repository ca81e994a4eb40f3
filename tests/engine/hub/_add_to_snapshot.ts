/** Calls `addToSnapshot()` in a process of its own, with what its arguments say. */
import { addToSnapshot } from "../../../engine/hub/cache.ts";

const [folder, entry] = Deno.args;
console.log(JSON.stringify(await addToSnapshot(folder, JSON.parse(entry))));
