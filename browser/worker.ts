/**
 * The side of the page that reads and computes.
 * @module
 */
import type { PageAbout } from "../jobs/export/page/about.ts";
import { FeatureFile } from "./feature_file.ts";
import { imageSample } from "./image.ts";
import { fetchFile, Model } from "./model.ts";
import type { OnProgress, Services } from "./services.ts";
import { Training } from "./training.ts";

/**
 * Makes the services of a page.
 * @param onProgress Told how far loading is.
 */
export function services(onProgress: OnProgress): Services {
  const files = new Map<number, FeatureFile>();
  let about: PageAbout;
  let model: Model;
  let training: Training | undefined;
  return {
    async open(device) {
      about = JSON.parse(new TextDecoder().decode(await fetchFile("about.json")));
      model = await Model.create(await fetchFile("model.onnx", onProgress), about, device);
      return { about, device: model.device };
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
      const { scores, attention } = await model.bag(files.get(file)!.bag(bag));
      const { weights, instanceScores } = attention ?? {};
      return { scores, ...(weights && { weights }), ...(instanceScores && { instanceScores }) };
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
