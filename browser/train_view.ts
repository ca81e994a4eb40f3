/**
 * The page that trains: labelled features in, a model out.
 * @module
 */
/// <reference lib="dom" />
import { chart } from "./chart.ts";
import { button, dropArea, element, labelled, save } from "./dom.ts";
import { section } from "./predict_features.ts";
import { counted, type Screen } from "./screen.ts";
import type { EpochSaid, FileFacts } from "./services.ts";

/** Most epochs that can be asked for. */
const MOST_EPOCHS = 1000;

/**
 * Shows the page.
 * @param screen Its parts.
 */
export function trainHere(screen: Screen): void {
  const view = new TrainView(screen);
  screen.content.append(...view.parts);
}

/** The page that trains. */
class TrainView {
  readonly #screen: Screen;
  readonly #files: { train?: FileFacts; val?: FileFacts } = {};
  readonly #chosen = element("div");
  readonly #epochs: HTMLInputElement;
  readonly #lr: HTMLInputElement;
  readonly #batch: HTMLInputElement;
  readonly #start = element("select");
  readonly #train = button("Train", () => void this.#run(), { class: "main", disabled: true });
  readonly #stop = button("Stop", () => this.#stopped = true, { disabled: true });
  readonly #curves = element("div", { class: "pair" });
  readonly #saving = element("div", { class: "row", hidden: true });
  #stopped = false;

  constructor(screen: Screen) {
    this.#screen = screen;
    const { epochs, lr, batchSize } = screen.about.train!;
    const number = (value: number, min: number, step: string, max?: number) =>
      element("input", {
        ...{ type: "number", value: String(value), min: String(min), step, required: true },
        ...(max !== undefined && { max: String(max) }),
      });
    this.#epochs = number(epochs, 1, "1", MOST_EPOCHS);
    this.#lr = number(lr, 0, "any");
    this.#batch = number(batchSize, 1, "1");
    this.#start.append(
      element("option", { value: "new" }, "new weights"),
      element("option", { value: "trained" }, "the trained weights"),
    );
    this.#saving.append(
      button("Download the model", () => void this.#save("model")),
      button("Download the checkpoint", () => void this.#save("checkpoint")),
    );
  }

  /** What is shown. */
  get parts(): HTMLElement[] {
    const { about } = this.#screen;
    const width = about.sampleShape.join(" x ");
    const drop = (use: "train" | "val", title: string, hint: string) =>
      dropArea({ title, hint, accept: ".h5,.hdf5" }, ([file]) => {
        if (file !== undefined) void this.#screen.run(() => this.#take(use, file));
      }, false);
    return [
      drop("train", "Training samples", `HDF5 with "features" of ${width} numbers, and "labels"`),
      drop("val", "Validation samples", "A fifth of the training samples where there is no file"),
      this.#chosen,
      element(
        "div",
        { class: "row" },
        labelled("Epochs", this.#epochs),
        labelled("Learning rate", this.#lr),
        labelled("Batch size", this.#batch),
        labelled("Begin with", this.#start),
      ),
      element(
        "p",
        { class: "quiet" },
        `Optimizer ${about.train!.optimizer}, constant learning rate.`,
      ),
      element("div", { class: "row" }, this.#train, this.#stop),
      this.#curves,
      this.#saving,
    ];
  }

  async #take(use: "train" | "val", file: File): Promise<void> {
    this.#screen.say(`Reading ${file.name}`);
    this.#files[use] = await this.#screen.worker.openFile(file);
    const names = { train: "Training", val: "Validation" };
    this.#chosen.replaceChildren(
      ...(["train", "val"] as const).flatMap((each) => {
        const facts = this.#files[each];
        if (facts === undefined) return [];
        const text = `${names[each]}: ${counted(facts.samples, "sample")}`;
        return [section(facts, element("p", {}, text))];
      }),
    );
    this.#train.disabled = this.#files.train === undefined;
    this.#screen.say(`${file.name}: ${counted(this.#files[use]!.samples, "sample")}`);
  }

  async #run(): Promise<void> {
    const fields = [this.#epochs, this.#lr, this.#batch];
    if (!fields.every((field) => field.reportValidity())) return;
    this.#stopped = false;
    this.#saving.hidden = true;
    this.#busy(true);
    await this.#screen.run(async () => {
      const { worker } = this.#screen;
      const { train, val } = this.#files;
      const [count, measured] = await worker.startTraining({
        train: train!.id,
        ...(val && { val: val.id }),
        start: this.#start.value === "trained" ? "trained" : "new",
        lr: Number(this.#lr.value),
        batchSize: Number(this.#batch.value),
      });
      const epochs = Number(this.#epochs.value);
      this.#requireUpdates(epochs, Math.ceil(count / Number(this.#batch.value)));
      this.#screen.say(`Training on ${counted(count, "sample")}, measuring ${measured}`);
      const said: EpochSaid[] = [];
      while (said.length < epochs && !this.#stopped) {
        said.push(await worker.trainEpoch());
        this.#show(said, epochs);
      }
      this.#saving.hidden = false;
    });
    this.#busy(false);
  }

  /** Refuses more updates than a page can make, before the first of them. */
  #requireUpdates(epochs: number, batches: number): void {
    const { maxUpdates } = this.#screen.about.train!;
    if (epochs * batches <= maxUpdates) return;
    throw new Error(
      `Cannot train ${epochs} epochs of ${batches} batches: a page makes at most ` +
        `${maxUpdates.toLocaleString("en")} updates`,
    );
  }

  #busy(busy: boolean): void {
    this.#train.disabled = busy;
    this.#stop.disabled = !busy;
    document.body.dataset.training = String(busy);
  }

  #show(said: readonly EpochSaid[], epochs: number): void {
    const { subtask } = this.#screen.about;
    const values = (name: keyof EpochSaid) => said.map((one) => one[name] ?? NaN);
    const loss = chart("Loss", [{ name: "train", values: values("loss") }]);
    const quality = subtask === "regression"
      ? chart("Mean absolute error", [{ name: "val", values: values("valError") }])
      : chart("Accuracy", [
        { name: "train", values: values("trainAccuracy") },
        { name: "val", values: values("valAccuracy") },
      ], [0, 1]);
    const second = subtask === "regression" ? "Mean absolute error" : "Accuracy";
    this.#curves.replaceChildren(
      ...([["Loss", loss], [second, quality]] as const).map(([title, drawing]) =>
        element("figure", {}, element("figcaption", {}, title), drawing)
      ),
    );
    const last = said.at(-1)!;
    const measured = last.valAccuracy === undefined
      ? `mean absolute error ${last.valError!.toFixed(4)}`
      : `validation accuracy ${last.valAccuracy.toFixed(4)}${
        subtask === "multilabel" ? " (all labels of a sample right)" : ""
      }`;
    this.#screen.progress(said.length, epochs);
    this.#screen.say(
      `Epoch ${said.length} of ${epochs}: loss ${last.loss.toFixed(4)}, ${measured}`,
    );
  }

  #save(what: "model" | "checkpoint"): Promise<void> {
    return this.#screen.run(async () => {
      const files = await this.#screen.worker.trained();
      const name = what === "model" ? "model.onnx" : "checkpoint.safetensors";
      save(name, [files[what] as Uint8Array<ArrayBuffer>], "application/octet-stream");
    });
  }
}
