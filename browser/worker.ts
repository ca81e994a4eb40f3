/**
 * The side of the page that reads and computes.
 * @module
 */
import type { PageAbout } from "../jobs/export/page/about.ts";
import { FeatureFile } from "./feature_file.ts";
import { imageSample } from "./image.ts";
import { Model } from "./model.ts";
import { fetchFile, processorName } from "./runtime.ts";
import type { Listener, Services } from "./services.ts";
import { Training } from "./training.ts";

/**
 * Makes the services of a page.
 * @param page Told how far loading is, and what computes.
 */
export function services(page: Listener): Services {
  const files = new Map<number, FeatureFile>();
  let about: PageAbout;
  let model: Model;
  let training: Training | undefined;
  return {
    async open(task, device) {
      about = JSON.parse(new TextDecoder().decode(await fetchFile("about.json")));
      if (task === "train") {
        page.onComputing({ device: processorName() });
        return about;
      }
      const load = () => fetchFile("model.onnx", page.onProgress);
      model = await Model.create({ load, about, device, onComputing: page.onComputing });
      return about;
    },
    async openFile(file) {
      const id = files.size;
      const opened = await FeatureFile.open(file, id, about);
      files.set(id, opened);
      return opened.facts;
    },
    async predictRows(file, start, count) {
      return await model.scores(files.get(file)!.rows(start, count));
    },
    async predictBag(file, bag) {
      const { attention, ...said } = await model.bag(files.get(file)!.bag(bag));
      const { weights, instanceScores } = attention ?? {};
      return { ...said, ...(weights && { weights }), ...(instanceScores && { instanceScores }) };
    },
    places(file, bag) {
      return Promise.resolve(files.get(file)!.places(bag));
    },
    async predictImage(file, name) {
      return await model.scores(await imageSample(file, name, about.transform!));
    },
    async startTraining(request) {
      await training?.release();
      training = await Training.create(about, request, files);
      return training.samples;
    },
    async trainEpoch() {
      return await training!.epoch();
    },
    trained() {
      return Promise.resolve(training!.files());
    },
  };
}
