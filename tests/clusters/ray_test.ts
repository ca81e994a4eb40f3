import { assert } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "../_until.ts";
import { clusterTest, PARTS } from "./_work.ts";

/** Ports of Ray that nobody else uses. */
const PORTS = {
  "--port": "26820",
  "--dashboard-port": "26821",
  "--ray-client-server-port": "26822",
  "--dashboard-agent-listen-port": "26823",
};

/** Starts a head of Ray that runs until it is disposed of; its jobs find `glovita` in `bin`. */
async function startRay(bin: string): Promise<AsyncDisposable & { readonly url: string }> {
  const folder = Deno.makeTempDirSync({ prefix: "ray_" });
  const process = new Deno.Command("ray", {
    args: [
      ...[
        "start",
        "--head",
        "--block",
        "--include-dashboard=true",
        "--num-cpus=2",
        "--object-store-memory=100000000",
      ],
      ...["--disable-usage-stats", "--temp-dir", folder, "--dashboard-host", "127.0.0.1"],
      ...Object.entries(PORTS).flat(),
    ],
    env: { PATH: `${bin}:${Deno.env.get("PATH")}` },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let over = false;
  const ended = process.status.then(() => over = true);
  const url = `http://127.0.0.1:${PORTS["--dashboard-port"]}`;
  await until(async () => {
    assert(!over, `Ray ended; its job server wants ray[default]. See "${folder}"`);
    return await fetch(`${url}/api/version`).then(
      async (response) => (await response.body?.cancel(), response.ok),
      () => false,
    );
  });
  return {
    url,
    async [Symbol.asyncDispose]() {
      process.kill("SIGTERM");
      await ended;
      Deno.removeSync(folder, { recursive: true });
    },
  };
}

clusterTest(
  "Ray's job server runs every part, and killed ones again",
  ["ray"],
  async ({ folder, block, run }) => {
    await using ray = await startRay(join(folder, "bin"));
    const examples = fileURLToPath(new URL("../../examples", import.meta.url));
    Deno.symlinkSync(examples, join(folder, "examples"));
    const script = block("bash", "examples/ray_jobs.ts").replace("http://127.0.0.1:8265", ray.url);
    assert(script.includes(`${ray.url} ${PARTS} `));
    const said = await run("sh", ["-e", "-c", script]);
    for (let part = 1; part <= PARTS; part++) {
      for (const state of ["FAILED", "SUCCEEDED"]) {
        assert(said.includes(`part ${part}/${PARTS}: ${state}`), said);
      }
    }
  },
);
