import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { type FeatureBlock, Journal } from "../../../engine/extract/journal.ts";
import { checksum } from "../../../engine/storage/checksum.ts";

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

/** The bytes of a journal with one record of any content, its checksums right. */
function record(numbers: readonly number[], text: string, values: Uint8Array): Uint8Array {
  const path = join(Deno.makeTempDirSync(), "f.h5.partial");
  Journal.create(path, options).close();
  const body = Buffer.concat([
    Buffer.from(Uint32Array.of(...numbers, text.length, values.length).buffer),
    Buffer.from(text),
    values,
  ]);
  const sum = Buffer.from(Uint32Array.of(checksum(body)).buffer);
  return Buffer.concat([Deno.readFileSync(path), sum, body]);
}

Deno.test("Journal.resume() drops records whose content cannot be, though their checksums are right", () => {
  const row = new Uint8Array(8);
  const wrong: [readonly number[], string, Uint8Array][] = [
    [[0, 1], "{", row], // not JSON
    [[0, 1], "3", row],
    [[0, 1], "[null]", row],
    [[0, 1], '[{"position": 1, "reason": "a"}]', new Uint8Array()], // beyond the block
    [[0, 2], '[{"position": 0, "reason": "a"}, {"position": 0, "reason": "b"}]', new Uint8Array()],
    [[0, 1], "", new Uint8Array(7)], // not whole numbers
    [[1, 1], "", row], // a gap
    [[0, 2], "", row], // too few rows
  ];
  for (const [numbers, text, values] of wrong) {
    const path = join(Deno.makeTempDirSync(), "f.h5.partial");
    Deno.writeFileSync(path, record(numbers, text, values));
    using journal = Journal.resume(path, options);
    assertEquals([journal.samples, ...journal.blocks()], [0], text);
  }
  const path = join(Deno.makeTempDirSync(), "f.h5.partial");
  Deno.writeFileSync(path, record([0, 1], "", row));
  using journal = Journal.resume(path, options);
  assertEquals(journal.samples, 1);
});

Deno.test("Journal.resume() counts from the first sample of a shard", () => {
  const path = join(Deno.makeTempDirSync(), "f.h5.partial");
  const shard = { ...options, first: 4 };
  Journal.create(path, shard).close();
  using first = Journal.resume(path, shard);
  first.append({ ...blocks[0], start: 4 });
  first.close();
  using second = Journal.resume(path, shard);
  assertEquals([second.samples, [...second.blocks()][0].start], [2, 4]);
});

Deno.test("Journal.resume() refuses other data, and goes on with it if told to", () => {
  const before = { ...options, data: "bytes ab\ntimes cd" };
  const path = join(Deno.makeTempDirSync(), "f.h5.partial");
  using first = Journal.create(path, before);
  first.append(blocks[0]);
  first.close();
  for (const data of ["bytes ab\ntimes ef", undefined]) {
    const error = assertThrows(() => Journal.resume(path, { ...options, data }), DataError);
    assertMatch(
      error.message,
      /^Cannot go on with ".*": its samples are of other data, .* instead of .*; resume_anyway goes on/,
    );
  }
  const told: string[] = [];
  const notify = (message: string) => told.push(message);
  const now = { ...options, data: "bytes ab\ntimes ef" };
  using anyway = Journal.resume(path, now, { anyway: true, notify });
  assertEquals(anyway.samples, 2);
  assertEquals(told, [
    `"${path}": its samples are of other data, times cd instead of times ef; going on anyway`,
  ]);
  anyway.close();
  using same = Journal.resume(path, before, { notify });
  assertEquals([same.samples, told.length], [2, 1]);
});

Deno.test("Journal.remove() does without a file that somebody removed", () => {
  const path = join(Deno.makeTempDirSync(), "f.h5.partial");
  const journal = Journal.create(path, options);
  Deno.removeSync(path);
  journal.append(blocks[0]);
  assertEquals([...journal.blocks()], [blocks[0]]);
  journal.remove();
});
