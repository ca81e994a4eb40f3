/**
 * The module of a page, and of its worker: which of the two it is, it finds out itself.
 * @module
 */
/// <reference lib="dom" />
import { answerPage, askWorker } from "./calls.ts";
import { predictBags } from "./predict_bags.ts";
import { predictFeatures } from "./predict_features.ts";
import { predictImages } from "./predict_images.ts";
import { type Screen, StatusLine } from "./screen.ts";
import { trainHere } from "./train_view.ts";
import { services } from "./worker.ts";
import type { PageAbout } from "../jobs/export/page/about.ts";

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

const PREDICT: { readonly [I in PageAbout["input"]]: (screen: Screen) => void } = {
  images: predictImages,
  features: predictFeatures,
  bags: predictBags,
};

async function showPage(): Promise<void> {
  const line = new StatusLine();
  line.say("Loading the model");
  const thread = new Worker(import.meta.url, { type: "module" });
  const worker = askWorker(thread, {
    onProgress(done, total) {
      line.say(`Loading the model: ${megabytes(done)} of ${megabytes(total)}`);
      line.progress(done, total);
    },
    onComputing({ device, note }) {
      const text = note === undefined ? "" : ` Note: ${note}.`;
      document.getElementById("device")!.textContent = `Computed by ${device}.${text}`;
    },
  });
  thread.addEventListener("error", (event) => line.say(`Cannot go on: ${event.message}`, true));
  await line.run(async () => {
    const task = document.body.dataset.task === "train" ? "train" : "predict";
    const about = await worker.open(task, new URL(location.href).searchParams.get("device"));
    const screen: Screen = {
      ...{ about, worker },
      content: document.getElementById("content")!,
      say: (text) => line.say(text),
      progress: (done, total) => line.progress(done, total),
      run: (work) => line.run(work),
    };
    line.say(`Ready: ${megabytes(about.bytes)} model`);
    const view = task === "train" ? trainHere : PREDICT[about.input];
    view(screen);
    document.body.dataset.ready = "true";
  });
}

if (typeof document === "undefined") answerPage(globalThis, services);
else void showPage();
