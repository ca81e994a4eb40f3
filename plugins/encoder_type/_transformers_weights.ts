/**
 * Weights of vision transformers as Hugging Face's transformers names them: ViTModel,
 * Dinov2Model and Dinov2WithRegistersModel, which have a layer each for queries, keys and values.
 */
import { sameShape } from "../../engine/ir/dims.ts";
import type { LazyTensor, StoredTensor } from "../../engine/storage/tensor_types.ts";
import type { StateDict, WeightsFile } from "../../engine/storage/weights_file.ts";

/** Parts of attention, in the order in which timm joins them. */
const PARTS = ["query", "key", "value"];
const QUERY = /^(.*\battention\.attention\.)query\.(weight|bias)$/;

/**
 * A file in which queries, keys and values of transformers' models are one tensor, `qkv`.
 * @param file The file; what it does not name in this way stays as it is.
 */
export function withJoinedAttention(
  file: WeightsFile,
): Pick<WeightsFile, "path" | "stateDicts"> {
  return { path: file.path, stateDicts: file.stateDicts.map(joined) };
}

function joined({ keys, tensors }: StateDict): StateDict {
  const all = new Map(tensors);
  for (const [name, query] of tensors) {
    const [, place, kind] = QUERY.exec(name) ?? [];
    if (place === undefined) continue;
    const names = PARTS.map((part) => `${place}${part}.${kind}`);
    const parts = names.map((each) => tensors.get(each));
    const alike = (part: LazyTensor | undefined) =>
      part !== undefined && part.dtype === query.dtype && sameShape(part.shape, query.shape);
    if (!parts.every(alike)) continue;
    for (const each of names) all.delete(each);
    all.set(`${place}qkv.${kind}`, oneOf(parts as LazyTensor[], names));
  }
  return { keys, tensors: all };
}

/** Several tensors behind one another, along their first axis. */
function oneOf(parts: readonly LazyTensor[], names: readonly string[]): LazyTensor {
  const [{ dtype, shape: [rows, ...rest] }] = parts;
  const shape = [parts.length * rows, ...rest];
  return {
    kind: "lazy_tensor",
    dtype,
    shape,
    place: parts.map(({ place }) => place).join("+"),
    read() {
      const read = parts.map((part, index) => part.read(names[index]));
      return { kind: "tensor", dtype: read[0].dtype, shape, data: bytesOf(read) };
    },
  };
}

function bytesOf(tensors: readonly StoredTensor[]): Uint8Array<ArrayBuffer> {
  const size = tensors.reduce((sum, { data }) => sum + data.byteLength, 0);
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const { data } of tensors) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/** What stands before the blocks, and behind them. */
const OUTER: Readonly<Record<string, string>> = {
  "cls_token": "embeddings.cls_token",
  "reg_token": "embeddings.register_tokens",
  "pos_embed": "embeddings.position_embeddings",
  "patch_embed.proj.weight": "embeddings.patch_embeddings.projection.weight",
  "patch_embed.proj.bias": "embeddings.patch_embeddings.projection.bias",
  "norm.weight": "layernorm.weight",
  "norm.bias": "layernorm.bias",
};

/** A block's layers in both models. */
const ATTENTION: Readonly<Record<string, string>> = {
  "attn.qkv": "attention.attention.qkv",
  "attn.proj": "attention.output.dense",
};

/** A block's other layers in ViTModel. */
const VIT: Readonly<Record<string, string>> = {
  ...ATTENTION,
  norm1: "layernorm_before",
  norm2: "layernorm_after",
  "mlp.fc1": "intermediate.dense",
  "mlp.fc2": "output.dense",
};

/** Those of Dinov2Model; `weights_in` and `weights_out` are its gated network. */
const DINOV2: Readonly<Record<string, string>> = { ...ATTENTION, norm1: "norm1", norm2: "norm2" };
const NETWORKS: readonly Readonly<Record<string, string>>[] = [
  { "mlp.fc1": "mlp.fc1", "mlp.fc2": "mlp.fc2" },
  { "mlp.fc1": "mlp.weights_in", "mlp.fc2": "mlp.weights_out" },
];

const KINDS = [VIT, ...NETWORKS.map((network) => ({ ...DINOV2, ...network }))];

/**
 * Names that transformers gives a parameter of a vision transformer, with joined attention.
 * @param name timm's name.
 */
export function transformersNames(name: string): readonly string[] {
  if (Object.hasOwn(OUTER, name)) return [OUTER[name]];
  const [, block, rest = ""] = /^blocks\.(\d+)\.(.+)$/.exec(name) ?? [];
  if (block === undefined) return [];
  const place = `encoder.layer.${block}.`;
  const factor = /^ls([12])\.gamma$/.exec(rest);
  if (factor !== null) return [`${place}layer_scale${factor[1]}.lambda1`];
  const [, layer, kind] = /^(.+)\.(weight|bias)$/.exec(rest) ?? [];
  const found = KINDS.map((kinds) => kinds[layer]).filter((other) => other !== undefined);
  return [...new Set(found)].map((other) => `${place}${other}.${kind}`);
}
