/** What the page on clusters shows for Kubernetes, by its API, and for Ray, on a server like its own. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Job } from "kubernetes-types/batch/v1.d.ts";
import { parse } from "yaml";
import { shardOf } from "../../registry/config/shards.ts";
import { readBlocks } from "./_pages.ts";

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const blocks = readBlocks(Deno.readTextFileSync(file("../../docs/clusters.md")));

const page = blocks.find(({ language }) => language === "yaml")!.text;
const read = (text: string): Job => parse(text, { version: "1.1" });

/** Slips in the manifest, and what the compiler says of them. */
const SLIPS: Readonly<Record<string, readonly [of: string, slip: string, says: string]>> = {
  kind: ["kind: Job", "kind: Jobs", "'\"Jobs\"' is not assignable to type '\"Job\"'"],
  name: ["backoffLimitPerIndex:", "backoffLimitPerPart:", '"backoffLimitPerPart"\' does not exist'],
  place: [
    "spec:\n  completionMode: Indexed",
    "completionMode: Indexed\nspec:",
    '"completionMode"\' does not exist',
  ],
  text: ["completions: 8", 'completions: "8"', "Type 'string' is not assignable to type 'number'"],
  number: ['value: "8"', "value: 8", "Type 'number' is not assignable to type 'string'"],
  missing: ["name: glovita\n", "args: []\n", "Property 'name' is missing"],
  deep: ["onExitCodes:", "onExitCode:", '"onExitCode"\' does not exist'],
  list: ["values: [2]", "values: 2", "Type 'number' is not assignable to type 'number[]'"],
};

/** What the compiler says of manifests, by their names: the types are those of Kubernetes' API. */
async function checkManifests(manifests: Readonly<Record<string, string>>): Promise<string[]> {
  const folder = Deno.makeTempDirSync();
  const modules = Object.entries(manifests).map(([name, text]) => {
    const module = join(folder, `${name}.ts`);
    const types = 'import type { Job } from "kubernetes-types/batch/v1.d.ts";';
    Deno.writeTextFileSync(
      module,
      `${types}\nexport const job: Job = ${JSON.stringify(read(text))};`,
    );
    return module;
  });
  const config = ["--config", file("../../deno.json"), "--no-lock"];
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", ...config, ...modules],
    env: { NO_COLOR: "1" },
  }).output();
  Deno.removeSync(folder, { recursive: true });
  return new TextDecoder().decode(stderr).split(/\n\n(?=TS|error)/);
}

Deno.test("the manifest for Kubernetes is of its API, as no slip in it would be", async () => {
  const slips = Object.entries(SLIPS).map(([name, [of, slip]]) => {
    assert(page.includes(of), of);
    return [name, page.replace(of, slip)];
  });
  const said = await checkManifests({ page, ...Object.fromEntries(slips) });
  const of = (name: string) => said.filter((error) => error.includes(`/${name}.ts:`));
  for (const [name, [, , says]] of Object.entries(SLIPS)) {
    assert(of(name).some((error) => error.includes(says)), `${name}: ${of(name)}`);
  }
  assertEquals(of("page"), []);
});

Deno.test("the manifest for Kubernetes gives every pod its part", () => {
  const spec = read(page).spec!;
  const { completions = 0, parallelism = 0, maxFailedIndexes = 0 } = spec;
  const [{ action, onExitCodes }] = spec.podFailurePolicy!.rules;
  assertEquals(onExitCodes, { operator: "In", values: [2] });
  assertEquals([spec.completionMode, action], ["Indexed", "FailIndex"]);
  assert(parallelism <= completions && maxFailedIndexes <= completions);
  const { containers: [{ command, env = [], volumeMounts }], volumes, restartPolicy } = spec
    .template.spec!;
  assertEquals(restartPolicy, "Never"); // which backoffLimitPerIndex and policies ask for
  assertEquals(volumeMounts?.map(({ name }) => name), volumes?.map(({ name }) => name));
  assertEquals(command?.slice(-2), ["--shard", "auto"]);
  const set = new Map(env.map(({ name, value }) => [name, value]));
  for (let index = 0; index < completions; index++) {
    set.set("JOB_COMPLETION_INDEX", String(index));
    const chosen = shardOf({ shard: "auto" }, (name) => set.get(name))!;
    assertEquals([chosen.index, chosen.count], [index + 1, completions]);
  }
});

/** Exit code of a command that the server then says somebody stopped. */
const STOPPED = 42;

interface Submitted {
  readonly entrypoint: string;
  readonly runtime_env: { readonly env_vars: Readonly<Record<string, string>> };
}

/** What the server says of a job. */
interface RayJob {
  readonly status: string;
  readonly driver_exit_code: number | null;
  readonly logs: string;
}

/** A job server as Ray's: it runs a command when it gets the job, and kills each part once. */
function rayServer() {
  const jobs = new Map<string, RayJob>();
  const seen: Submitted[] = [];
  const respond = async (request: Request): Promise<Response> => {
    const [, id, logs] = /^\/api\/jobs\/([^/]*)(\/logs)?$/.exec(new URL(request.url).pathname) ??
      [];
    if (request.method === "POST" && id === "") {
      const job: Submitted = await request.json();
      const { GLOVITA_SHARD: shard } = job.runtime_env.env_vars;
      const first = seen.every(({ runtime_env }) => runtime_env.env_vars.GLOVITA_SHARD !== shard);
      seen.push(job);
      const submission_id = `raysubmit_${seen.length}`;
      const options = { args: ["-c", job.entrypoint], env: job.runtime_env.env_vars };
      const { code, stdout } = await new Deno.Command("sh", options).output();
      const driver_exit_code = first && code === 0 ? 137 : code;
      const ended = driver_exit_code === 0 ? "SUCCEEDED" : "FAILED";
      jobs.set(submission_id, {
        status: code === STOPPED ? "STOPPED" : ended,
        driver_exit_code: code === STOPPED ? null : driver_exit_code,
        logs: new TextDecoder().decode(stdout),
      });
      return Response.json({ job_id: submission_id, submission_id });
    }
    const job = jobs.get(id ?? "");
    if (job === undefined) return new Response(`Job ${id} does not exist`, { status: 404 });
    return Response.json(logs ? { logs: job.logs } : { ...job, type: "SUBMISSION" });
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, respond);
  return { seen, server, url: `http://127.0.0.1:${server.addr.port}` };
}

Deno.test("the client for Ray runs every part until it succeeds", async () => {
  const { seen, server, url } = rayServer();
  try {
    const run = async (...command: string[]) => {
      const args = ["run", "--no-lock", "--no-check", "--no-prompt", "--allow-net=127.0.0.1"];
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [...args, file("../../examples/ray_jobs.ts"), url, "2", ...command],
      }).output();
      const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      return { code, out, err };
    };
    const { code, out, err } = await run("sh", "-c", 'echo "made $GLOVITA_SHARD, don\'t ask"');
    assertEquals(code, 0, err);
    assertEquals(out.trim().split("\n").sort(), [
      ...["part 1/2: FAILED", "part 1/2: SUCCEEDED"],
      ...["part 2/2: FAILED", "part 2/2: SUCCEEDED"],
    ]);
    assert(err.includes("made 1/2, don't ask") && err.includes("made 2/2, don't ask"), err);
    assert(seen.every(({ entrypoint }) => entrypoint.startsWith("exec 'sh' ")));
    const never = await run("false");
    assertEquals(never.code, 1);
    assert(never.err.includes("part 2/2 failed 3 times"), never.err);
    for (const [exit, state] of [[2, "cannot run: exit code 2"], [STOPPED, "was stopped"]]) {
      const before = seen.length;
      const ended = await run("sh", "-c", `exit ${exit}`);
      assertEquals([ended.code, seen.length - before], [1, 2]);
      assert(ended.err.includes(`part 1/2 ${state}`), ended.err);
    }
  } finally {
    await server.shutdown();
  }
});
