/** What the page on clusters shows for Kubernetes and Ray, which tests cannot run. */
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { parse } from "yaml";
import { shardOf } from "../../registry/config/shards.ts";
import { readBlocks } from "./_pages.ts";

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const blocks = readBlocks(Deno.readTextFileSync(file("../../docs/clusters.md")));

const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const quantity = v.pipe(v.string(), v.regex(/^\d+(\.\d+)?(m|[KMGT]i?)?$/));
const label = v.pipe(v.string(), v.regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/));
const resources = v.strictObject({ cpu: v.optional(quantity), memory: v.optional(quantity) });

/** The fields that the page uses, as batch/v1 has them since Kubernetes 1.33. */
const manifest = v.strictObject({
  apiVersion: v.literal("batch/v1"),
  kind: v.literal("Job"),
  metadata: v.strictObject({ name: label }),
  spec: v.strictObject({
    completionMode: v.literal("Indexed"),
    completions: count,
    parallelism: count,
    backoffLimitPerIndex: count,
    maxFailedIndexes: count,
    podFailurePolicy: v.strictObject({
      rules: v.array(v.strictObject({
        action: v.picklist(["FailJob", "FailIndex", "Ignore", "Count"]),
        onExitCodes: v.strictObject({
          operator: v.picklist(["In", "NotIn"]),
          values: v.pipe(v.array(v.pipe(v.number(), v.integer())), v.nonEmpty()),
        }),
      })),
    }),
    template: v.strictObject({
      spec: v.strictObject({
        restartPolicy: v.literal("Never"), // which backoffLimitPerIndex and policies ask for
        containers: v.pipe(
          v.array(v.strictObject({
            name: label,
            image: v.string(),
            command: v.array(v.string()),
            env: v.array(v.strictObject({ name: v.string(), value: v.string() })),
            resources: v.strictObject({ requests: resources, limits: resources }),
            volumeMounts: v.array(v.strictObject({ name: label, mountPath: v.string() })),
          })),
          v.length(1),
        ),
        volumes: v.array(v.strictObject({
          name: label,
          persistentVolumeClaim: v.strictObject({ claimName: label }),
        })),
      }),
    }),
  }),
});

Deno.test("the manifest for Kubernetes has fields of its API, and gives pods their part", () => {
  const block = blocks.find(({ language }) => language === "yaml")!;
  const { spec } = v.parse(manifest, parse(block.text, { version: "1.1" }));
  const { containers: [container], volumes } = spec.template.spec;
  assertEquals(container.volumeMounts.map(({ name }) => name), volumes.map(({ name }) => name));
  assert(spec.parallelism <= spec.completions && spec.maxFailedIndexes <= spec.completions);
  assertEquals(container.command.slice(-2), ["--shard", "auto"]);
  const set = new Map(container.env.map(({ name, value }) => [name, value]));
  set.set("JOB_COMPLETION_INDEX", String(spec.completions - 1));
  const { index, count } = shardOf({ shard: "auto" }, (name) => set.get(name))!;
  assertEquals([index, count], [spec.completions, spec.completions]);
});

/** Exit code of a command that the server then says somebody stopped. */
const STOPPED = 42;

interface Submitted {
  readonly entrypoint: string;
  readonly runtime_env: { readonly env_vars: Readonly<Record<string, string>> };
}

/** What the server says of a job. */
interface Job {
  readonly status: string;
  readonly driver_exit_code: number | null;
  readonly logs: string;
}

/** A job server as Ray's: it runs a command when it gets the job, and kills each part once. */
function rayServer() {
  const jobs = new Map<string, Job>();
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
