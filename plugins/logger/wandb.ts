/**
 * Runs for Weights & Biases, written offline. Importing this module adds `wandb` to the `logger` slot.
 * @module
 */
import { flag, list, options, text } from "../../registry/options/mod.ts";
import type { Plugin, RunInfo } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { RunFile } from "./_wandb_run.ts";

/**
 * Config of the `wandb` logger.
 * @category Loggers
 */
export interface WandbConfig {
  /** User or team; the user's default where not given. @default {null} */
  readonly entity: string | null;
  /** Project; the dataset's key where not given. @default {null} */
  readonly project: string | null;
  /** Tags of the run. @default {[]} */
  readonly tags: readonly string[];
  /** Name of the run; the service makes one where not given. @default {null} */
  readonly name: string | null;
  /** Whether the run is to stay offline; it is uploaded by `wandb sync` in any case. @default {false} */
  readonly offline: boolean;
}

const config = options<WandbConfig>({
  entity: text(null, "User or team; the user's default where not given."),
  project: text(null, "Project; the dataset's key where not given."),
  tags: list([], "Tags of the run.", text),
  name: text(null, "Name of the run; the service makes one where not given."),
  offline: flag(
    false,
    "Whether the run is to stay offline; it is uploaded by wandb sync in any case.",
  ),
});

/**
 * Writes a run as W&B does offline, into the `wandb` folder of the run directory; `wandb sync`
 * uploads it. A run that goes on keeps its folder and its id, so that it can be uploaded again.
 *
 * @example What it is called in a config
 * ```ts
 * import { configure, wandb } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const logger = configure(wandb, { project: "slides", tags: ["baseline"] });
 * assertEquals([logger.slot, logger.key], ["logger", "wandb"]);
 * ```
 *
 * @category Loggers
 */
export const wandb: Plugin<"logger", WandbConfig> = {
  slot: "logger",
  key: "wandb",
  description: "A run for Weights & Biases, written offline: wandb sync uploads it",
  config,
  create(config) {
    let file: RunFile;
    let notify: RunInfo["notify"];
    return {
      async start(info) {
        notify = info.notify;
        file = await RunFile.create(info, config);
      },
      log: (epoch, values) => file.log(epoch, values),
      logTest: (_epoch, values) => file.summarize(values),
      logImage: (epoch, name, png) => file.logImage(epoch, name, png),
      async finish(status) {
        await file.finish(status === "finished" ? 0 : 1);
        const { folder } = file;
        notify(
          config.offline
            ? `wandb: the run is in ${folder}; wandb sync uploads it`
            : `wandb: the run is not uploaded yet: wandb sync ${folder}`,
        );
      },
    };
  },
};

registry.add(wandb);
