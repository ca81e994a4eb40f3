/**
 * Names of a model's parameters: in its state dict, in that of GloViTa, and in files of others.
 * @module
 */

/** Where the encoder's parameters stand in the state dict, as in GloViTa. */
export const ENCODER_PATH = "encoder.model";
/** Where the head's parameters stand in the state dict, as in GloViTa. */
export const HEAD_PATH = "head";

/**
 * Tells whether a parameter belongs to the encoder, adapters included.
 * @param name Name of the parameter in the model.
 */
export function isOfEncoder(name: string): boolean {
  return name.startsWith(`${ENCODER_PATH}.`);
}

/** Names under which GloViTa's state dicts hold the same parameters a second time. */
const ALIASES: readonly (readonly [string, string])[] = [
  [`${ENCODER_PATH}.`, "model."],
  [`${HEAD_PATH}.`, "cls_head."],
];

/**
 * The second name of a parameter in a state dict.
 * @param name Name of the parameter.
 * @param peft What the PEFT method calls the encoder's parameters there, if otherwise.
 */
export function parameterAliases(name: string, peft?: PeftName): string[] {
  return ALIASES.filter(([prefix]) => name.startsWith(prefix)).map(([prefix, alias]) => {
    const bare = name.slice(prefix.length);
    return alias + (prefix === `${ENCODER_PATH}.` && peft ? peft(bare) : bare);
  });
}

/** What a PEFT method calls a parameter of the encoder. */
export type PeftName = (name: string) => string;

/** Other names, in files of others, of what a plugin calls a name. */
export type OtherNames = (name: string) => readonly string[];

/**
 * All names that a parameter may have in files made elsewhere: its second name, the bare name that
 * it has in timm's and CLAM's own state dicts, and those that its plugin knows.
 * @param name Name of the parameter.
 * @param others Names that the encoder, the head and the PEFT method know.
 */
export function aliasesOf(
  name: string,
  others: {
    readonly encoder?: OtherNames;
    readonly head?: OtherNames;
    readonly peft?: OtherNames;
  } = {},
): string[] {
  const encoder = (bare: string) => [
    ...(others.encoder?.(bare) ?? []),
    ...(others.peft?.(bare) ?? []),
  ];
  const places = [[`${ENCODER_PATH}.`, encoder], [`${HEAD_PATH}.`, others.head]] as const;
  const more = places.filter(([prefix]) => name.startsWith(prefix)).flatMap(([prefix, known]) => {
    const bare = name.slice(prefix.length);
    const names = known?.(bare) ?? [];
    const long = names.flatMap((other) => [prefix + other, ...parameterAliases(prefix + other)]);
    return [bare, ...long, ...names];
  });
  return [...parameterAliases(name), ...more];
}

/**
 * Values of an encoder's parameters under their names in the model.
 * @param values Values by name within the encoder's scope.
 */
export function encoderParameters<V>(values: ReadonlyMap<string, V>): Map<string, V> {
  return new Map([...values].map(([name, value]) => [`${ENCODER_PATH}.${name}`, value]));
}
