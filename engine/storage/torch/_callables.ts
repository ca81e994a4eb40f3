/**
 * What a PyTorch file's pickle may call, and what comes of it. Nothing of it runs Python's code:
 * each line here says what a call would have made.
 */
import { converter, type NumberFormat } from "../number_format.ts";
import type { LazyTensor } from "../tensor_types.ts";
import { PickleError, PickleGlobal } from "./pickle_reader.ts";
import { isLazyTensor, OpaqueObject, OrderedDict, type TorchTree } from "./pickle_values.ts";

/** What calls make tensors with. */
export interface TensorMaker {
  /** Makes a tensor of a storage, of offset, shape and strides, and of what else is said of it. */
  tensor(storage: unknown, layout: Args, options: TensorOptions): LazyTensor;
  /** Makes a tensor that cannot be read. */
  unreadable(what: string, shape: unknown): LazyTensor;
  /** Makes what another call would make. */
  reduce(callable: unknown, args: Args): unknown;
  /** Counts about as many bytes as are copied. */
  spend(bytes: number): void;
}

/** What a pickle says of a tensor besides its layout. */
export interface TensorOptions {
  readonly dtype?: unknown;
  readonly metadata?: unknown;
}

/** Arguments of a call. */
export type Args = readonly unknown[];
type Callable = (args: Args, maker: TensorMaker) => unknown;

/** The type of a NumPy scalar. */
export class NumpyType extends OpaqueObject {
  /** Byte order, which its state says. */
  littleEndian = true;

  constructor(readonly kind: string, readonly size: number) {
    super("numpy.dtype");
  }
}

/** Bytes of a map, and of each of its entries. */
const MAP_BYTES = 160;
const ENTRY_BYTES = 64;

/** Classes of plain tensors. */
const TENSOR_CLASSES = [
  "torch.Tensor",
  "torch.nn.parameter.Parameter",
  "torch.nn.parameter.Buffer",
];

/** The name of an element type, `torch.uint16` without `torch.`. */
export function dtypeName(type: unknown): string {
  const name = type instanceof PickleGlobal ? type.name : type;
  if (typeof name !== "string") throw new PickleError("an element type is unknown");
  return name.replace(/^torch\./, "");
}

function rebuildTensor([storage, offset, shape, strides]: Args, maker: TensorMaker): LazyTensor {
  return maker.tensor(storage, [offset, shape, strides], {});
}

/** `_rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks, metadata)`. */
function rebuildTensor2(args: Args, maker: TensorMaker): LazyTensor {
  return maker.tensor(args[0], args.slice(1, 4), { metadata: args[6] });
}

/** `_rebuild_tensor_v3(storage, offset, shape, strides, requires_grad, hooks, dtype, metadata)`. */
function rebuildTensor3(args: Args, maker: TensorMaker): LazyTensor {
  return maker.tensor(args[0], args.slice(1, 4), { dtype: args[6], metadata: args[7] });
}

/** `_rebuild_from_type_v2(function, class, arguments, attributes)`. */
function rebuildFromType([rebuild, type, args]: Args, maker: TensorMaker): unknown {
  const tensor = Array.isArray(args) ? maker.reduce(rebuild, args) : null;
  const name = type instanceof PickleGlobal ? type.name : "unknown";
  if (TENSOR_CLASSES.includes(name)) return tensor;
  const shape = isLazyTensor(tensor as TorchTree) ? (tensor as LazyTensor).shape : [];
  return maker.unreadable(`of class ${name}`, shape);
}

/** `_rebuild_device_tensor_from_cpu_tensor(tensor, dtype, device, requires_grad)`. */
function rebuildDeviceTensor([tensor, dtype]: Args, maker: TensorMaker): unknown {
  const given = tensor as TorchTree;
  if (isLazyTensor(given) && given.dtype === dtypeName(dtype)) return given;
  return maker.unreadable("of another element type on its device", []);
}

/** Tensors that are not views on a storage; `at` is where the arguments have the shape. */
function unreadable(what: string, at: number): Callable {
  return (args, maker) => maker.unreadable(what, args[at]);
}

function firstArgument(name: string): Callable {
  return ([value]) => isLazyTensor(value as TorchTree) ? value : new OpaqueObject(name);
}

/** `numpy.dtype("f8", False, True)`. */
function numpyType([name]: Args): unknown {
  const [, kind, size] = (typeof name === "string" && /^([fiub])([1248])$/.exec(name)) || [];
  return kind ? new NumpyType(kind, Number(size)) : new OpaqueObject("numpy.dtype");
}

/** `numpy.core.multiarray.scalar(dtype, bytes)`. */
function numpyScalar([type, bytes]: Args): unknown {
  if (
    !(type instanceof NumpyType) || !(bytes instanceof Uint8Array) || bytes.length !== type.size
  ) {
    return new OpaqueObject("numpy.generic");
  }
  const kind = ({ f: "float", i: "signed" } as const)[type.kind] ?? "unsigned";
  const format = { kind, size: type.size, littleEndian: type.littleEndian } as NumberFormat;
  if (kind === "float" && type.size === 1) return new OpaqueObject("numpy.generic");
  const target = new Float64Array(1);
  converter(format)(bytes.slice(), target, 0);
  return type.kind === "b" ? target[0] !== 0 : target[0];
}

/** `_codecs.encode(text, "latin1")`, which is how protocol 2 spells bytes. */
function encodeLatin1([text, encoding]: Args, maker: TensorMaker): unknown {
  if (typeof text !== "string" || encoding !== "latin1") return new OpaqueObject("bytes");
  maker.spend(text.length);
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function orderedDict([items]: Args, maker: TensorMaker): unknown {
  if (items !== undefined && !Array.isArray(items)) return new OpaqueObject("OrderedDict");
  maker.spend(MAP_BYTES + ENTRY_BYTES * (items?.length ?? 0));
  const dict = new OrderedDict();
  for (const item of items ?? []) {
    if (!Array.isArray(item) || item.length !== 2) {
      throw new PickleError("an OrderedDict is made of something odd");
    }
    dict.set(item[0], item[1]);
  }
  return dict;
}

/** A dict of a class of its own: `Counter({…})`, `defaultdict(factory)`, then its items. */
function plainDict([items]: Args, maker: TensorMaker): unknown {
  if (items instanceof Map) return items;
  maker.spend(MAP_BYTES);
  return new Map();
}

function asList(name: string): Callable {
  return ([items]) =>
    items === undefined ? [] : Array.isArray(items) ? items : new OpaqueObject(name);
}

/** `torch.device("cuda", 0)`. */
function device(args: Args, maker: TensorMaker): unknown {
  const plain = args.length <= 2 &&
    args.every((part) => typeof part === "string" || Number.isInteger(part));
  if (!plain) return new OpaqueObject("torch.device");
  for (const part of args) maker.spend(String(part).length);
  return args.join(":");
}

/** Everything that a call makes something of; it makes an {@linkcode OpaqueObject} of the rest. */
export const CALLABLES: { readonly [name: string]: Callable } = {
  "collections.OrderedDict": orderedDict,
  "collections.Counter": plainDict,
  "collections.defaultdict": plainDict,
  "torch._utils._rebuild_tensor": rebuildTensor,
  "torch._utils._rebuild_tensor_v2": rebuildTensor2,
  "torch._utils._rebuild_tensor_v3": rebuildTensor3,
  "torch._utils._rebuild_parameter": firstArgument("torch.nn.Parameter"),
  "torch._utils._rebuild_parameter_with_state": firstArgument("torch.nn.Parameter"),
  "torch.nn.parameter.Parameter": firstArgument("torch.nn.Parameter"),
  "torch._tensor._rebuild_from_type_v2": rebuildFromType,
  "torch._utils._rebuild_device_tensor_from_cpu_tensor": rebuildDeviceTensor,
  "torch._utils._rebuild_device_tensor_from_numpy": unreadable("an array of NumPy", 4),
  "torch._utils._rebuild_xla_tensor": unreadable("an array of NumPy", 4),
  "torch._utils._rebuild_qtensor": unreadable("quantized", 2),
  "torch._utils._rebuild_sparse_tensor": (args, maker) =>
    maker.unreadable("sparse", Array.isArray(args[1]) ? args[1][2] : undefined),
  "torch._utils._rebuild_nested_tensor": unreadable("nested", 4),
  "torch._utils._rebuild_meta_tensor_no_storage": unreadable("without values (of device meta)", 1),
  "torch._utils._rebuild_wrapper_subclass": unreadable("of a class of its own", 2),
  "torch.Size": asList("torch.Size"),
  "torch.device": device,
  "numpy.dtype": numpyType,
  "numpy.core.multiarray.scalar": numpyScalar,
  "numpy._core.multiarray.scalar": numpyScalar,
  "_codecs.encode": encodeLatin1,
  "builtins.set": asList("set"),
  "__builtin__.set": asList("set"),
};
