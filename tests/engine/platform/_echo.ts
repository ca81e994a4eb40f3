/** A thread that answers with what it is sent; of "break" it breaks down. */
import { listen } from "../../../engine/platform/worker.ts";

const reply = listen((data) => {
  if (data === "break") throw new Error("broken");
  reply(data, data instanceof ArrayBuffer ? [data] : []);
});
