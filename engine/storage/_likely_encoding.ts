/**
 * Guesses the encoding of text that is not UTF-8. For messages only: nothing is decoded by a guess.
 *
 * Each encoding that can decode the bytes is rated by how likely its characters are. A table of
 * labels may hold no more than two words beyond ASCII; of 31 such tables chardet 2.2 from
 * npm, which compares sequences of letters, took 11 for what they are.
 */
import {
  ALPHABET_MODELS,
  type AlphabetModel,
  WIDE_MODELS,
  type WideModel,
} from "./_encoding_models.ts";

/** Logarithm of how likely a character is that has no place in a model. */
const RARE = Math.log(1e-6);
const ASCII_LETTER = Math.log(1 / 26);
/** A capital begins a word, or goes on with one that began so. */
const CAPITAL = Math.log(0.1);
const CAPITAL_INSIDE = Math.log(0.002);
/** Letters beyond ASCII are seldom neighbours in languages that write few of them. */
const NEIGHBOURS = Math.log(0.05);
const PUNCTUATION = Math.log(0.005);
/** How far below the best a guess may be and still be named. */
const NEAR = 1.5;
/** Bytes that are looked at. */
const MOST_BYTES = 2000;
/** ASCII that ends a field or word and is never the second byte of a character. */
const ENDS: ReadonlySet<number> = new Set(Array.from('\t\n\r ",/:;', (end) => end.charCodeAt(0)));

/**
 * Guesses an encoding.
 * @param bytes The text.
 * @returns Labels that `TextDecoder` takes, the likeliest first, at most two; none if none fits.
 */
export function likelyEncodings(bytes: Uint8Array): string[] {
  const unmarked = unmarkedUtf16(bytes);
  if (unmarked !== undefined) return [unmarked];
  const words = wordsBeyondAscii(bytes);
  if (words.length === 0) return [];
  const rated = [
    ...WIDE_MODELS.map((model) => rate(words, model, rateWide)),
    ...ALPHABET_MODELS.map((model) => rate(words, model, rateLetters)),
  ].sort((a, b) => b.rating - a.rating);
  const [best = { rating: -Infinity }] = rated;
  return rated.filter(({ rating }) => rating > -Infinity && rating > best.rating - NEAR)
    .slice(0, 2).map(({ label }) => label);
}

/**
 * Tells UTF-16 without a byte order mark by its zeros, every second byte of ASCII characters.
 * @param bytes The text.
 * @returns The encoding; `undefined` if it is another.
 */
export function unmarkedUtf16(bytes: Uint8Array): "utf-16le" | "utf-16be" | undefined {
  const beginning = bytes.subarray(0, 1 << 16);
  let even = 0;
  let odd = 0;
  for (const [at, byte] of beginning.entries()) {
    if (byte === 0 && at % 2 === 0) even++;
    else if (byte === 0) odd++;
  }
  const [fewer, more] = [Math.min(even, odd), Math.max(even, odd)];
  if (more < Math.max(4, beginning.length / 16) || fewer > more / 16) return undefined;
  return odd > even ? "utf-16le" : "utf-16be";
}

/** The words that hold more than ASCII, each once and followed by a space. */
function wordsBeyondAscii(bytes: Uint8Array): Uint8Array {
  const seen = new Set<string>();
  const words: number[] = [];
  let start = 0;
  let beyond = false;
  for (let at = 0; at <= bytes.length && words.length < MOST_BYTES; at++) {
    const byte = bytes[at];
    if (byte !== undefined && !ENDS.has(byte)) {
      beyond ||= byte > 0x7f;
      continue;
    }
    const word = bytes.subarray(start, Math.min(at, start + MOST_BYTES));
    if (beyond && !seen.has(String(word))) words.push(...word, 0x20);
    if (beyond) seen.add(String(word));
    start = at + 1;
    beyond = false;
  }
  return Uint8Array.from(words);
}

/** A rated encoding: `-Infinity` where it cannot decode the bytes. */
interface Rated {
  readonly label: string;
  readonly rating: number;
}

function rate<M extends AlphabetModel | WideModel>(
  bytes: Uint8Array,
  model: M,
  rateText: (text: string, model: M, bytes: Uint8Array) => number,
): Rated {
  const { label, prior } = model;
  try {
    const text = new TextDecoder(label, { fatal: true }).decode(bytes);
    return { label, rating: prior + rateText(text, model, bytes) };
  } catch {
    return { label, rating: -Infinity };
  }
}

/** Letters are the rarer the later they stand in the model, by Zipf's law. */
function rateLetters(text: string, { letters, latin }: AlphabetModel): number {
  const total = Array.from(letters, (_, rank) => 1 / (rank + 3)).reduce((a, b) => a + b, 0);
  let sum = 0;
  let before = " ";
  for (const character of text) {
    const lower = character.toLowerCase();
    const isAscii = character <= "\x7f";
    const rank = letters.indexOf(lower);
    if (isLetter(character) && isAscii) sum += ASCII_LETTER;
    else if (rank >= 0) sum += Math.log(0.9 / (rank + 3) / total);
    else if (/[–—‘’“”„…€°µ²³±«»№]/.test(character)) sum += PUNCTUATION;
    else if (!isAscii) sum += RARE;
    if (isLetter(character) && isLetter(before)) {
      const mixed = isAscii !== (before <= "\x7f");
      if (latin) sum += mixed || isAscii ? 0 : NEIGHBOURS;
      else sum += mixed ? RARE : 0;
    }
    if (character !== lower && before === before.toLowerCase()) {
      sum += isLetter(before) ? CAPITAL_INSIDE : CAPITAL;
    }
    before = character;
  }
  return sum;
}

function isLetter(character: string): boolean {
  return /\p{L}/u.test(character);
}

function rateWide(text: string, model: WideModel, bytes: Uint8Array): number {
  const { frequent, ordinary, isOrdinary } = model;
  let sum = 0;
  let at = 0;
  for (const character of text) {
    const isAscii = character <= "\x7f";
    const isSingle = isAscii || /[\uff61-\uff9f]/.test(character); // katakana of half width
    if (isAscii) sum += isLetter(character) ? ASCII_LETTER : 0;
    else if (frequent.includes(character)) sum += Math.log(0.5 / frequent.length);
    else if (!isSingle && isOrdinary(bytes[at] ?? 0, bytes[at + 1] ?? 0)) {
      sum += Math.log(0.5 / ordinary);
    } else sum += RARE;
    at += isSingle ? 1 : 2;
  }
  return sum;
}
