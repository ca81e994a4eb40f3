import { assert, assertEquals } from "@std/assert";
import { Sandbox } from "../docs/_sandbox.ts";

Deno.test("the quickstart reaches 0.95, and the command that it prints repeats it", async () => {
  using sandbox = new Sandbox();
  const { code, output } = await sandbox.sh("deno task quickstart");
  assertEquals(code, 0, output);
  const [, accuracy] = /test accuracy (\S+),/.exec(output)!;
  assert(Number(accuracy) >= 0.95, output);
  const [, run] = /The run is in (\S+)/.exec(output)!;
  const names = [...Deno.readDirSync(`${sandbox.path}/${run}`)].map(({ name }) => name).sort();
  assertEquals(names, [
    "checkpoints",
    "config.json",
    "metrics.json",
    "metrics_test.json",
    "metrics_val.json",
    "predictions_test.csv",
    "predictions_val.csv",
    "resolved_config.json",
    "runtime_info.json",
  ]);
  for (const name of names) assert(output.includes(name.replace(/s$/, "")), name);
  const [command] = /npx -y deno@\S+ task train [\s\S]*/.exec(output)!;
  const again = await sandbox.sh(command);
  assertEquals(again.code, 0, again.output);
  assert(again.output.includes(`test_Accuracy ${accuracy},`), again.output);
});
