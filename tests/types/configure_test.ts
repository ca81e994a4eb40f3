/** What the compiler accepts as a config; these tests hold when they pass type checking. */
import {
  acc,
  adamW,
  clam,
  classification,
  type ConfigPart,
  configure,
  cosineAnneal,
  fullFinetuning,
  precomputed,
  precomputedFeatures,
} from "../../mod.ts";

/** The compiler reads it, nobody runs it. */
function accepted(): readonly ConfigPart[] {
  return [
    configure(clam),
    configure(clam, {}),
    configure(clam, { variant: "sb", dropout: 0.25, instance_eval: true }),
    configure(precomputedFeatures, { num_classes: 2, dataset_kwargs: { label_key: "targets" } }),
    configure(precomputed, { feature_dim: 8 }),
    configure(cosineAnneal, { warmup_epochs: 0 }),
    configure(adamW),
    configure(acc),
    { optimizer: { lr: 0.01 }, training: { epochs: 3, early_stopping: { patience: 2 } } },
    { data: { max_instances: null }, exp_dir: "runs", add_log: { anything: [1] } },
  ];
}

/** Each line is an error that the compiler finds. */
function refused(): readonly ConfigPart[] {
  return [
    // @ts-expect-error: another plugin's option
    configure(classification, { variant: "sb" }),
    // @ts-expect-error: a misspelled option
    configure(clam, { varian: "sb" }),
    // @ts-expect-error: a value that is not a choice
    configure(clam, { variant: "xb" }),
    // @ts-expect-error: a value of another type
    configure(clam, { dropout: "0.25" }),
    // @ts-expect-error: a misspelled option inside an option
    configure(precomputedFeatures, { dataset_kwargs: { labels_key: "targets" } }),
    // @ts-expect-error: an option of a metric that has none
    configure(acc, { average: "micro" }),
    // @ts-expect-error: an option of a method that has none
    configure(fullFinetuning, { rank: 8 }),
    // @ts-expect-error: no plugin
    configure("clam", { variant: "sb" }),
    // @ts-expect-error: a misspelled field
    { training: { epoch: 3 } },
    // @ts-expect-error: a value of another type
    { training: { epochs: "3" } },
    // @ts-expect-error: an option of a plugin outside of it
    { model: { head: { head_type: "clam" } } },
    // @ts-expect-error: a section that does not exist
    { train: { epochs: 3 } },
  ];
}

Deno.test("configure() and the types of a config agree with the compiler", () => {
  void [accepted, refused];
});
