/**
 * Runs in MLflow: on a tracking server, or in a folder. Importing this module adds `mlflow` to the
 * `logger` slot.
 * @module
 */
import { join, resolve } from "node:path";
import { env } from "node:process";
import { mayReach, mayReadVariable } from "../../engine/platform/permissions.ts";
import { list, options, text } from "../../registry/options/mod.ts";
import type { Plugin, RunInfo } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { FileStore } from "./_mlflow_files.ts";
import { cut, type Letter, Outbox } from "./_mlflow_outbox.ts";
import { credentialsOf, pathOf, SOURCE_TAGS, TrackingServer } from "./_mlflow_rest.ts";
import { MlflowRun, sendLeftovers, type Target } from "./_mlflow_run.ts";
import { flatten, LIMITS, withOwnKeys } from "./_mlflow_store.ts";

/**
 * Config of the `mlflow` logger.
 * @category Loggers
 */
export interface MlflowConfig {
  /**
   * Address of a tracking server, or a folder; `MLFLOW_TRACKING_URI` of the environment or else
   * `exp_dir/mlflow` where not given.
   * @default {null}
   */
  readonly tracking_uri: string | null;
  /** Experiment; the dataset's key where not given. @default {null} */
  readonly experiment_name: string | null;
  /** Name of the run; group and fold where not given. @default {null} */
  readonly run_name: string | null;
  /** Tags of the run. @default {[]} */
  readonly tags: readonly string[];
}

const config = options<MlflowConfig>({
  tracking_uri: text(
    null,
    "Address of a tracking server, or a folder; MLFLOW_TRACKING_URI of the environment or else " +
      "exp_dir/mlflow where not given.",
  ),
  experiment_name: text(null, "Experiment; the dataset's key where not given."),
  run_name: text(null, "Name of the run; group and fold where not given."),
  tags: list([], "Tags of the run.", text),
});

/**
 * Logs to MLflow: to a tracking server over its REST API, or to a folder as MLflow's file store. What
 * a server does not take is kept in the run directory, and sent when it answers again: later in the
 * run, at its end, or by the next run.
 *
 * @example What it is called in a config
 * ```ts
 * import { configure, mlflow } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const logger = configure(mlflow, { tracking_uri: "http://localhost:5000" });
 * assertEquals([logger.slot, logger.key], ["logger", "mlflow"]);
 * ```
 *
 * @category Loggers
 */
export const mlflow: Plugin<"logger", MlflowConfig> = {
  slot: "logger",
  key: "mlflow",
  description: "Runs in MLflow: on a tracking server, or in a folder that mlflow ui shows",
  config,
  create(config) {
    const given = config.tracking_uri ?? environment("MLFLOW_TRACKING_URI");
    if (given !== undefined) requireUri(given);
    let run: MlflowRun;
    let info: RunInfo;
    let target: MlflowTarget;
    return {
      async start(started) {
        info = started;
        target = targetOf(given ?? join(expDir(info), "mlflow"));
        const outbox = await outboxOf(info, config, target.uri);
        run = new MlflowRun(outbox, target, info);
        await run.start(info.earlier);
      },
      log: (epoch, values) => run.log(epoch, values),
      logTest: (epoch, values) => run.log(epoch, values),
      logImage: (epoch, name, png) => run.logImage(epoch, name, png),
      artifact: (path, name) => run.addFile(path, name),
      async finish(status) {
        const arrived = await run.finish(status === "finished" ? "FINISHED" : "FAILED");
        const { store, uri } = target;
        const { notify } = info;
        if (arrived && store) await sendLeftovers(expDir(info), store, { uri, notify });
      },
    };
  },
};

registry.add(mlflow);

/** Folder of all runs. */
function expDir({ config: { exp_dir }, directory }: RunInfo): string {
  return typeof exp_dir === "string" ? exp_dir : directory;
}

/** Where runs go, by an address that is the same wherever it is read. */
interface MlflowTarget extends Target {
  readonly uri: string;
}

/** A variable of the environment, where that may be read; an empty one counts as none. */
function environment(variable: string): string | undefined {
  return mayReadVariable(variable) ? env[variable] || undefined : undefined;
}

function isReadable(uri: string): boolean {
  try {
    return /^https?:/i.test(uri) ? URL.canParse(uri) : pathOf(uri) !== "";
  } catch {
    return false; // Not the encoding of any text.
  }
}

/** A scheme of two letters or more: one letter is a disk. */
const SCHEME = /^([a-z][a-z\d+.-]+):/i;

function requireUri(uri: string): void {
  const [, scheme = "file"] = SCHEME.exec(uri) ?? [];
  const isKnown = ["http", "https", "file"].includes(scheme.toLowerCase());
  if (isKnown && isReadable(uri)) return;
  throw new RangeError(
    `expected tracking_uri to be the address of a server, http://HOST:PORT, or a folder, received ${
      JSON.stringify(uri)
    }`,
  );
}

function targetOf(uri: string): MlflowTarget {
  if (!/^https?:/i.test(uri)) {
    const root = resolve(pathOf(uri));
    return { uri: root, store: new FileStore(root), obstacle: "" };
  }
  const { hostname, port, protocol } = new URL(uri);
  const host = `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
  return mayReach(host)
    ? {
      uri,
      store: new TrackingServer(uri, { credentials: credentialsOf(environment) }),
      obstacle: "",
    }
    : {
      uri,
      store: undefined,
      obstacle: `no permission to reach ${host}: deno task train:mlflow has it`,
    };
}

/** The run's letter: what an earlier process left, where the run goes on at the same place. */
async function outboxOf(info: RunInfo, config: MlflowConfig, uri: string): Promise<Outbox> {
  const { directory, earlier } = info;
  const found = earlier.length > 0 ? await Outbox.read(directory) : undefined;
  if (found?.letter.tracking_uri !== uri) {
    return new Outbox(directory, newLetter(info, config, uri));
  }
  const { letter } = found;
  const last = earlier.at(-1)!.epoch;
  letter.metrics = letter.metrics.filter(({ step }) => step <= last);
  letter.last_epoch = Math.min(letter.last_epoch, last);
  letter.status = "RUNNING";
  letter.ended = null;
  return found;
}

function newLetter(info: RunInfo, config: MlflowConfig, uri: string): Letter {
  const { dataset, group, fold, addLog, runtimeInfo } = info;
  const { experiment_name, run_name, tags } = config;
  const params = withOwnKeys(
    flatten({ ...info.config, add_log: addLog, runtime: runtimeInfo }),
  );
  const long = params.filter(({ value }) => value.length > LIMITS.param).map(({ key }) => key);
  const [first] = long;
  if (first !== undefined) {
    const many = long.length > 1 ? `${first} and ${long.length - 1} others are` : `${first} is`;
    info.notify(`mlflow: ${many} longer than the ${LIMITS.param} characters of a parameter: cut`);
  }
  const ownTags = {
    group,
    ...(tags.length > 0 && { tags: tags.join(",") }),
    ...(fold !== undefined && { extra_tags: `fold_${fold}` }),
  };
  return {
    tracking_uri: uri,
    experiment: experiment_name ?? dataset,
    run_name: run_name ?? (fold === undefined ? group : `${group}_fold_${fold}`),
    started: Date.now(),
    run: null,
    params: params.map((entry) => cut(entry, LIMITS.param)),
    tags: [
      ...SOURCE_TAGS,
      ...Object.entries(ownTags).map(([key, value]) => cut({ key, value }, LIMITS.tag)),
    ],
    metrics: [],
    artifacts: [],
    status: null,
    ended: null,
    last_epoch: -1,
  };
}
