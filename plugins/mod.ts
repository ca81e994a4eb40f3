/**
 * The manifest of built-in plugins. Importing this module adds all of them to the default registry.
 * @module
 */
export * from "./dataset/cifar10.ts";
export * from "./dataset/cifar100.ts";
export * from "./dataset/generic_image_dataset.ts";
export * from "./dataset/precomputed_features.ts";
export * from "./dataset/slide_features.ts";
export * from "./encoder_type/onnx.ts";
export * from "./encoder_type/precomputed.ts";
export * from "./encoder_type/timm.ts";
export * from "./head_type/clam.ts";
export * from "./head_type/classification.ts";
export * from "./head_type/regression.ts";
export * from "./logger/csv.ts";
export * from "./logger/mlflow.ts";
export * from "./logger/none.ts";
export * from "./logger/tensorboard.ts";
export * from "./logger/wandb.ts";
export * from "./metric/acc.ts";
export * from "./metric/ap.ts";
export * from "./metric/auroc.ts";
export * from "./metric/balanced_acc.ts";
export * from "./metric/f1.ts";
export * from "./metric/f1_per_class.ts";
export * from "./metric/mae.ts";
export * from "./metric/mse.ts";
export * from "./metric/pr.ts";
export * from "./metric/top5acc.ts";
export * from "./optimizer/Adam.ts";
export * from "./optimizer/AdamW.ts";
export * from "./optimizer/Madgrad.ts";
export * from "./optimizer/Muon.ts";
export * from "./optimizer/RMSprop.ts";
export * from "./optimizer/SGD.ts";
export * from "./peft/full_finetuning.ts";
export * from "./peft/linear_probing.ts";
export * from "./policy/default.ts";
export * from "./policy/shared_default_2d.ts";
export * from "./scheduler/CosineAnneal.ts";
export * from "./scheduler/MultiStep.ts";
export * from "./scheduler/none.ts";
export * from "./scheduler/Step.ts";
