import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { type FeatureBlock, Journal } from "../../../engine/extract/journal.ts";

const options = { fingerprint: "encoder tiny\nsamples 9", embedDim: 2 };
const blocks: FeatureBlock[] = [
  { start: 0, count: 2, features: Float32Array.of(1, 2, 3, 4), skipped: [] },
  {
    start: 2,
    count: 2,
    features: Float32Array.of(5, 6),
    skipped: [{ position: 1, reason: 'Cannot read "ä.png"' }],
  },
  { start: 4, count: 1, features: new Float32Array(), skipped: [{ position: 0, reason: "no" }] },
];

function write(): string {
  const path = join(Deno.makeTempDirSync(), "x.h5.partial");
  using journal = Journal.create(path, options);
  for (const block of blocks) journal.append(block);
  return path;
}

Deno.test("Journal.blocks() gives back what was appended", () => {
  using journal = Journal.resume(write(), options);
  assertEquals(journal.samples, 5);
  assertEquals([...journal.blocks()], blocks);
});

Deno.test("Journal.resume() goes on after whole records, wherever the file was cut", () => {
  const path = write();
  const bytes = Deno.readFileSync(path);
  const begin = bytes.length - lengthsOf(path).reduce((a, b) => a + b, 0);
  for (let size = 0; size < bytes.length; size++) {
    Deno.writeFileSync(path, bytes.subarray(0, size));
    using journal = Journal.resume(path, options);
    let whole = 0;
    for (let end = begin; whole < 3 && end + lengthsOfAll[whole] <= size;) {
      end += lengthsOfAll[whole++];
    }
    assertEquals([...journal.blocks()], blocks.slice(0, whole), `cut at ${size}`);
    for (const block of blocks.slice(whole)) journal.append(block);
    journal.close();
    assertEquals(Deno.readFileSync(path), bytes);
  }
});

let lengthsOfAll: number[] = [];

/** Bytes of each record. */
function lengthsOf(path: string): number[] {
  const sizes = [0, 1, 2, 3].map((count) => {
    using journal = Journal.create(`${path}.${count}`, options);
    for (const block of blocks.slice(0, count)) journal.append(block);
    return Deno.statSync(`${path}.${count}`).size;
  });
  return lengthsOfAll = [0, 1, 2].map((i) => sizes[i + 1] - sizes[i]);
}

Deno.test("Journal.resume() drops a record whose bytes are not what was written", () => {
  const path = write();
  const bytes = Deno.readFileSync(path);
  bytes[bytes.length - 60] ^= 1;
  Deno.writeFileSync(path, bytes);
  using journal = Journal.resume(path, options);
  assert(journal.samples < 5);
});

Deno.test("Journal.resume() refuses the journal of other work, and says how it differs", () => {
  const path = write();
  const error = assertThrows(
    () => Journal.resume(path, { ...options, fingerprint: "encoder large\nsamples 9" }),
    DataError,
  );
  assertEquals(
    error.message,
    `Cannot go on with "${path}": it is of other work, encoder tiny instead of encoder large; ` +
      "remove it, or run without resume",
  );
});

Deno.test("Journal.resume() starts where there is no journal; remove() leaves nothing", () => {
  const path = join(Deno.makeTempDirSync(), "x.partial");
  const journal = Journal.resume(path, options);
  assertEquals([journal.samples, [...journal.blocks()]], [0, []]);
  journal.remove();
  assertThrows(() => Deno.statSync(path), Deno.errors.NotFound);
});

Deno.test("Journal.create() says when it cannot be written", () => {
  const path = join(Deno.makeTempDirSync(), "no", "x.partial");
  const error = assertThrows(() => Journal.create(path, options), DataError);
  assert(error.message.startsWith(`Cannot write "${path}": the folder `), error.message);
});

Deno.test("Journal keeps other writers off its file", () => {
  const path = `${Deno.makeTempDirSync()}/out.partial`;
  const about = { fingerprint: "work", embedDim: 1 };
  const first = Journal.create(path, about);
  first.append({ start: 0, count: 1, features: Float32Array.of(7), skipped: [] });
  for (const open of [Journal.create, Journal.resume]) {
    assertThrows(() => open(path, about), DataError, "another process is writing it");
  }
  first.close();
  using second = Journal.resume(path, about);
  assertEquals(second.samples, 1);
});
