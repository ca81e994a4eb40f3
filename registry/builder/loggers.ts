/**
 * The loggers of a run as one: a config may select several, each with options of its own.
 * @module
 */
import { selectedPlugins } from "../config/selected.ts";
import type { Logger } from "../plugin.ts";
import { type BuildSources, createFrom } from "./create.ts";

/**
 * Creates the loggers that a config selects.
 * @param sources Config and registry.
 * @returns A logger that tells all of them.
 * @throws {ConfigError} if the options of one do not fit the run.
 * @throws {PluginError} if one is broken.
 */
export function createLogger({ config, registry }: BuildSources): Logger {
  const selected = selectedPlugins(config, "logger", registry);
  return joinLoggers(selected.map(({ plugin, options }) => createFrom(plugin, options, {})));
}

/**
 * Makes one logger of several. Each is told in the order of the list, whatever becomes of the others;
 * what the first one throws is thrown when all have been told. One that has started is finished.
 * @param loggers The loggers.
 *
 * @example Two lists
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const told: string[] = [];
 * const list = (name: string) => ({
 *   start() {},
 *   log: (epoch: number) => void told.push(`${name} ${epoch}`),
 *   finish() {},
 * });
 * await joinLoggers([list("a"), list("b")]).log(0, {});
 * assertEquals(told, ["a 0", "b 0"]);
 * ```
 */
export function joinLoggers(loggers: readonly Logger[]): Logger {
  const each = (tell: (logger: Logger) => void | Promise<void>) => tellAll(loggers, tell);
  return {
    async start(run) {
      for (const [index, logger] of loggers.entries()) {
        try {
          await logger.start(run);
        } catch (error) {
          const started = loggers.slice(0, index);
          await tellAll(started, (logger) => logger.finish("failed")).catch(() => {});
          throw error;
        }
      }
    },
    log: (epoch, values) => each((logger) => logger.log(epoch, values)),
    logImage: (epoch, name, png) => each((logger) => logger.logImage?.(epoch, name, png)),
    logTest: (epoch, values) => each((logger) => logger.logTest?.(epoch, values)),
    // Absent where nobody takes files, so that none are made for nobody.
    ...(loggers.some(({ artifact }) => artifact !== undefined) && {
      artifact: (path: string, name: string) => each((logger) => logger.artifact?.(path, name)),
    }),
    finish: (status) => each((logger) => logger.finish(status)),
  };
}

async function tellAll(
  loggers: readonly Logger[],
  tell: (logger: Logger) => void | Promise<void>,
): Promise<void> {
  const errors: unknown[] = [];
  for (const logger of loggers) {
    try {
      await tell(logger);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
