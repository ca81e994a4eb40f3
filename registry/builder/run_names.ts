/**
 * Names of run directories, and what stands in `runtime_info.json`.
 * @module
 */
import { join } from "node:path";
import type { ResolvedConfig } from "../config/tree.ts";

/** Version of glovita, as in `deno.json`. */
export const VERSION = "0.1.0";

/**
 * Makes the default name of a group of runs: `<yyyymmdd_hhmmss>_<encoder>_<head>_<peft>_<8 hex>`.
 * @param config The resolved config.
 * @param now Time of the start.
 */
export function groupName({ model, peft }: ResolvedConfig, now: Date): string {
  const pad = (value: number, digits = 2) => String(value).padStart(digits, "0");
  const date = `${now.getFullYear()}${pad(now.getMonth() + 1)}${pad(now.getDate())}`;
  const time = `${pad(now.getHours())}${pad(now.getMinutes())}${pad(now.getSeconds())}`;
  const suffix = crypto.randomUUID().slice(0, 8);
  const { encoder: { encoder_type }, head: { head_type } } = model;
  return `${date}_${time}_${encoder_type}_${head_type}_${peft.method}_${suffix}`;
}

/**
 * Path of a fold's run directory.
 * @param config The resolved config.
 * @param group Name of the group of runs.
 * @param fold Fold, counted from 0.
 */
export function runPath(config: ResolvedConfig, group: string, fold: number): string {
  return join(config.exp_dir, config.data.dataset, group, String(fold));
}

/** What ran a run: versions, machine, time. */
export function runtimeInfo(started: Date, plugins: readonly string[]): Record<string, unknown> {
  return {
    glovita: VERSION,
    deno: Deno.version.deno,
    typescript: Deno.version.typescript,
    v8: Deno.version.v8,
    os: Deno.build.os,
    arch: Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    started: started.toISOString(),
    plugins,
  };
}
