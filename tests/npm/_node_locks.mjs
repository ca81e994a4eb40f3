/** Runs under Node: what two processes see of one lock, as a line of JSON. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { argv, execPath, stdout } from "node:process";
import { pathToFileURL } from "node:url";

const [installed, path, role] = argv.slice(2);
const { href } = pathToFileURL(join(installed, "engine/storage/lock.js"));
const { FileLock, isLocked } = await import(href);

/** Whether the lock can be taken. */
function take() {
  try {
    FileLock.take(path, "refused").release();
    return "taken";
  } catch (error) {
    return error.message;
  }
}

if (role === "holder") {
  FileLock.take(path, "refused");
  stdout.write("held");
  setInterval(() => {}, 1000); // Until it is killed.
} else {
  const holder = spawn(execPath, [...argv.slice(1), "holder"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = await once(holder.stdout, "data");
  const seen = [String(said), take(), isLocked(path)];
  holder.kill("SIGKILL");
  await once(holder, "exit");
  console.log(JSON.stringify([...seen, "killed", isLocked(path), take()]));
}
