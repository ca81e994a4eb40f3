/**
 * Trains a point of a study on its own thread.
 * @module
 */
/// <reference lib="deno.worker" />
import { firstLine } from "../engine/first_line.ts";
import { runPoint } from "../jobs/study/run_point.ts";
import { readStudy } from "../jobs/study/study.ts";
import { registry } from "../registry/registry.ts";
import { loadPlugins } from "./plugin_modules.ts";
import type { PointAnswer, PointRequest } from "./_study_messages.ts";

const abort = new AbortController();

self.onmessage = async ({ data }: MessageEvent<PointRequest | "stop">) => {
  if (data === "stop") return abort.abort();
  self.postMessage(await answerOf(data));
};

async function answerOf({ file, index, plugins }: PointRequest): Promise<PointAnswer> {
  const { signal } = abort;
  try {
    await import("../plugins/mod.ts");
    await loadPlugins(plugins, registry);
    const study = readStudy(file);
    const outcome = await runPoint(study, study.points[index - 1], { registry, plugins, signal });
    return { outcome };
  } catch (error) {
    return signal.aborted ? { stopped: true } : { failed: firstLine(error) };
  }
}
