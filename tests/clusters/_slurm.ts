/**
 * A SLURM of its own on this machine: daemons with ports, keys and folders that nobody else uses.
 * @module
 */
import { join } from "node:path";
import { until } from "../_until.ts";

/** SLURM that runs until it is disposed of. */
export interface Slurm extends AsyncDisposable {
  /** What its commands need in their environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** Programs that it needs. */
export const SLURM = ["munged", "slurmctld", "slurmd", "sbatch"] as const;

/** Starts it. */
export async function startSlurm(folder: string): Promise<Slurm> {
  for (const name of ["state", "spool", "munge"]) Deno.mkdirSync(join(folder, name));
  const munge = join(folder, "munge");
  Deno.chmodSync(munge, 0o755);
  const key = join(munge, "key");
  Deno.writeFileSync(key, crypto.getRandomValues(new Uint8Array(1024)), { mode: 0o600 });
  const config = join(folder, "slurm.conf");
  Deno.writeTextFileSync(config, configOf(folder));
  const env = { SLURM_CONF: config };
  const daemons: Deno.ChildProcess[] = [];
  let [ended, stopping] = ["", false];
  const alive = (holds: boolean) => {
    if (ended !== "") throw new Error(`${ended} ended: see its log in "${folder}"`);
    return holds;
  };
  const start = (command: string, args: readonly string[]) => {
    const options: Deno.CommandOptions = { env, stdin: "null", stdout: "null", stderr: "null" };
    const daemon = new Deno.Command(command, { ...options, args: [...args] }).spawn();
    daemons.push(daemon);
    daemon.status.then(() => stopping || (ended = command));
  };
  const place = (name: string) => `--${name}=${join(munge, name)}`;
  const files = ["socket", "pid-file", "log-file", "seed-file"].map(place);
  start("munged", ["--foreground", "--force", `--key-file=${key}`, ...files]);
  await until(() => alive(exists(join(munge, "socket"))));
  start("slurmctld", ["-D", "-c"]);
  start("slurmd", ["-D"]);
  await until(async () =>
    alive(await says("sinfo", ["--noheader", "--format=%T"], env) === "idle")
  );
  return {
    env,
    async [Symbol.asyncDispose]() {
      stopping = true;
      for (const daemon of daemons.reverse()) daemon.kill("SIGTERM");
      for (const daemon of daemons) await daemon.status;
      Deno.removeSync(folder, { recursive: true });
    },
  };
}

/** Seconds that the daemons need to tell a job from the one before it was requeued. */
const APART = 4;

/** Waits until no job is left; those that were requeued need not wait two minutes. */
export async function untilDone({ env }: Slurm): Promise<void> {
  const hurried = new Set<string>();
  await until(async () => {
    const jobs = await says("squeue", ["--noheader", "--array", "--format=%i %t %r"], env);
    for (const job of jobs.split("\n")) {
      const [id, state, reason] = job.split(" ");
      const waits = state === "PD" && reason === "BeginTime";
      if (!waits) hurried.delete(id);
      if (!waits || hurried.has(id)) continue;
      const start = ["update", `JobId=${id}`, `StartTime=now+${APART}`];
      if (await says("scontrol", start, env) === "") hurried.add(id);
    }
    return jobs === "";
  });
}

async function says(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const options: Deno.CommandOptions = { args: [...args], env, stderr: "null" };
  const { code, stdout } = await new Deno.Command(command, options).output();
  return code === 0 ? new TextDecoder().decode(stdout).trim() : `exit code ${code}`;
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

function configOf(folder: string): string {
  const host = Deno.hostname().split(".")[0];
  const user = Deno.uid() === 0 ? "root" : Deno.env.get("USER");
  return `ClusterName=glovita
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=26817
SlurmdPort=26818
AuthType=auth/munge
AuthInfo=socket=${join(folder, "munge", "socket")}
SlurmUser=${user}
SlurmdUser=${user}
StateSaveLocation=${join(folder, "state")}
SlurmdSpoolDir=${join(folder, "spool")}
SlurmctldPidFile=${join(folder, "slurmctld.pid")}
SlurmdPidFile=${join(folder, "slurmd.pid")}
SlurmctldLogFile=${join(folder, "slurmctld.log")}
SlurmdLogFile=${join(folder, "slurmd.log")}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
JobCompType=jobcomp/none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SchedulerParameters=bf_interval=1,sched_interval=1
SlurmdParameters=config_overrides
NodeName=${host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=${host} Default=YES MaxTime=INFINITE State=UP
`;
}
