/** Reads changed files of every format; each gives the right value or an error of ours. */
import { changedCopy, randomNumbers } from "../_mutations.ts";
import { FORMATS } from "./_formats.ts";
import { isDataError } from "./_outcome.ts";

/** What came of the files of a format. */
export interface Outcomes {
  /** The format. */
  readonly format: string;
  /** Files that were read, to the value that they must give. */
  read: number;
  /** Files that were refused in one line. */
  refused: number;
  /** What else came of files: seed of each and what happened. */
  readonly wrong: string[];
}

/** How many files are read, and which. */
export interface FuzzOptions {
  /** Files of all formats together. */
  readonly inputs: number;
  /** Seed of the first file; each next file has the next one. */
  readonly seed: number;
  /** Gets the outcomes of a format that is done. */
  readonly onDone?: (outcomes: Outcomes) => void;
}

/**
 * Reads changed files.
 * @param options How many.
 * @returns What came of them, by format.
 */
export async function fuzz({ inputs, seed, onDone }: FuzzOptions): Promise<Outcomes[]> {
  const folder = Deno.makeTempDirSync({ prefix: "glovita_fuzz_" });
  const all: Outcomes[] = [];
  try {
    for (const [index, format] of FORMATS.entries()) {
      const share = Math.floor(inputs / FORMATS.length) +
        Number(index < inputs % FORMATS.length);
      const outcomes: Outcomes = { format: format.name, read: 0, refused: 0, wrong: [] };
      const files = format.files();
      const wholes: unknown[] = [];
      for (const [i, bytes] of files.entries()) {
        const path = `${folder}/whole_${i}${format.ending}`;
        Deno.writeFileSync(path, bytes);
        wholes.push(await Promise.resolve().then(() => format.read(path)).catch(() => undefined));
      }
      for (let i = 0; i < share; i++) {
        const own = seed + i;
        // The product spreads neighbouring seeds, which would begin alike.
        const random = randomNumbers(Math.imul(own, 0x9e3779b1) | 1);
        const which = random(files.length);
        const bytes = changedCopy(files[which], random);
        const path = `${folder}/${i}${format.ending}`;
        Deno.writeFileSync(path, bytes);
        try {
          const value = await format.read(path);
          await format.check(value, { path, bytes: Deno.readFileSync(path) }, wholes[which]);
          outcomes.read++;
        } catch (error) {
          if (isDataError(error)) outcomes.refused++;
          else outcomes.wrong.push(`${format.name}, seed ${own}: ${describe(error)}`);
        }
        Deno.removeSync(path);
      }
      all.push(outcomes);
      onDone?.(outcomes);
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
  return all;
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message.slice(0, 300)}` : String(error);
}
