/** Names that CLAM's own files give the parameters of the head. */

/** What numbers the layers. */
interface Numbering {
  readonly feature_prep: boolean;
  readonly dropout: number;
}

/**
 * Other names of a parameter. CLAM numbers the layers of a Sequential: dropout, which has no
 * weights, moves the number of what follows it, so a file may have been made with dropout and be
 * read without, or the other way round. Its attention net without gate is called `module`.
 * @param name Name within the head's scope.
 * @param options What numbers the head's own layers.
 */
export function otherNames(name: string, { feature_prep, dropout }: Numbering): readonly string[] {
  const first = Number(feature_prep);
  const [own, other] = dropout > 0 ? [3, 2] : [2, 3];
  const start = `attention_net.${first + own}.`;
  if (!name.startsWith(start)) return [];
  const numbers = [first + own, first + other];
  const rest = name.slice(start.length);
  const plain = /^net\.(\d)\.(.*)$/.exec(rest);
  const rests = plain ? plainNames(Number(plain[1]), plain[2]) : [rest];
  return numbers.flatMap((number) => rests.map((other) => `attention_net.${number}.${other}`))
    .filter((other) => other !== name);
}

/** Layers of the attention net without gate: the first one, and the last one behind dropout. */
function plainNames(layer: number, rest: string): string[] {
  const layers = layer === 0 ? [0] : [2, 3];
  return ["net", "module"].flatMap((net) => layers.map((number) => `${net}.${number}.${rest}`));
}
