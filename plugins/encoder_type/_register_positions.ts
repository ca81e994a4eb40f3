/**
 * DINOv2 with registers: in the files of its authors and of transformers the class token has a
 * position, as the patches do. timm's model has none there and adds it to the token.
 */
import { type LazyTensor, readFloat32 } from "../../engine/storage/tensor_types.ts";
import type { StateDict, WeightsFile } from "../../engine/storage/weights_file.ts";

const REGISTERS = /^(.*\.)?register_tokens$/;
const POSITIONS = ["pos_embed", "position_embeddings"];

/**
 * A file in which the position of the class token is added to it.
 * @param file The file; what has no registers stays as it is.
 */
export function withAddedPosition(
  file: Pick<WeightsFile, "path" | "stateDicts">,
): Pick<WeightsFile, "path" | "stateDicts"> {
  return { path: file.path, stateDicts: file.stateDicts.map(added) };
}

function added({ keys, tensors }: StateDict): StateDict {
  const all = new Map(tensors);
  for (const name of tensors.keys()) {
    const match = REGISTERS.exec(name);
    if (match === null) continue;
    const place = match[1] ?? "";
    const [token, ...positions] = ["cls_token", ...POSITIONS].map((each) => `${place}${each}`);
    const position = positions.find((each) => tensors.has(each));
    const [cls, pos] = [tensors.get(token), position && tensors.get(position)];
    if (!cls || !pos || position === undefined) continue;
    const [, count, dim] = pos.shape;
    if (!Number.isInteger(Math.sqrt(count - 1))) continue; // not those of a class token and a square
    const values = () => readFloat32(pos, position).data;
    all.set(
      token,
      computed(cls, cls.shape, () => {
        const own = values();
        return readFloat32(cls, token).data.map((value, index) => value + own[index]);
      }),
    );
    all.set(position, computed(pos, [1, count - 1, dim], () => values().slice(dim)));
  }
  return { keys, tensors: all };
}

/** A tensor that is computed from one of the file when it is read. */
function computed(
  { place }: LazyTensor,
  shape: readonly number[],
  values: () => Float32Array<ArrayBuffer>,
): LazyTensor {
  return {
    kind: "lazy_tensor",
    dtype: "float32",
    shape,
    place: `${place} with the position of the class token`,
    read: () => ({ kind: "tensor", dtype: "float32", shape, data: values() }),
  };
}
