/**
 * Runs a command in parts on a Ray cluster, over HTTP: submits a job for each part, starts those
 * again that failed, and waits until all have succeeded. What somebody stopped, and what ended with
 * exit code 2, a mistake in the config, is not started again.
 *
 * ```sh
 * deno run --allow-net examples/ray_jobs.ts http://127.0.0.1:8265 4 \
 *   glovita extract_features --config images.json --shard auto
 * ```
 * @module
 */

/** How often a part is started. */
const ATTEMPTS = 3;
/** Milliseconds between two looks at the jobs. */
const PAUSE = 2000;

/** What the job server says of a job. */
interface Job {
  readonly status: "PENDING" | "RUNNING" | "STOPPED" | "SUCCEEDED" | "FAILED";
  readonly message?: string;
  readonly driver_exit_code?: number | null;
}

/** Asks the job server. */
async function ask<T>(url: string, body?: object): Promise<T> {
  const method = body === undefined ? "GET" : "POST";
  const response = await fetch(url, {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url} says ${response.status}: ${await response.text()}`);
  return await response.json();
}

/** A part of the command, which is quoted for the shell that Ray starts it in. */
function request(command: readonly string[], shard: string) {
  const words = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  // With exec a signal reaches the command, and not only its shell.
  const entrypoint = `exec ${words.join(" ")}`;
  const runtime_env = { env_vars: { GLOVITA_SHARD: shard } };
  return { entrypoint, entrypoint_num_cpus: 1, runtime_env, metadata: { shard } };
}

/** Runs a part until it succeeds. */
async function runPart(server: string, command: readonly string[], shard: string): Promise<void> {
  const jobs = `${server.replace(/\/$/, "")}/api/jobs/`;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { submission_id: id } = await ask<{ submission_id: string }>(
      jobs,
      request(command, shard),
    );
    let job = await ask<Job>(jobs + id);
    while (job.status === "PENDING" || job.status === "RUNNING") {
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
      job = await ask<Job>(jobs + id);
    }
    console.log(`part ${shard}: ${job.status}`);
    if (job.status === "SUCCEEDED") return;
    const { logs } = await ask<{ logs: string }>(`${jobs}${id}/logs`);
    console.error(logs.trim() || job.message);
    if (job.status === "STOPPED") throw new Error(`part ${shard} was stopped`);
    if (job.driver_exit_code === 2) throw new Error(`part ${shard} cannot run: exit code 2`);
  }
  throw new Error(`part ${shard} failed ${ATTEMPTS} times`);
}

const [server, parts, ...command] = Deno.args;
const shards = Array.from({ length: Number(parts) }, (_, part) => `${part + 1}/${parts}`);
const done = await Promise.allSettled(shards.map((shard) => runPart(server, command, shard)));
const failed = done.filter((part) => part.status === "rejected");
for (const { reason } of failed) console.error(reason.message);
Deno.exit(failed.length > 0 ? 1 : 0);
