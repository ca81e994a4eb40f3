import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { BLOCK_BYTES, HeaderBytes, parseScattered } from "../../../engine/images/header_bytes.ts";
import { ImageError } from "../../../engine/images/image_error.ts";

const file = Uint8Array.from({ length: 3 * BLOCK_BYTES + 10 }, (_, i) => (i * 7 + (i >> 16)) % 251);

Deno.test("HeaderBytes gives numbers, text and bytes, also across blocks", () => {
  const bytes = new HeaderBytes(file.length, file);
  const view = new DataView(file.buffer);
  for (const at of [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, 2 * BLOCK_BYTES - 3]) {
    assertEquals(bytes.uint8(at), file[at]);
    assertEquals(bytes.uint16(at, "big"), view.getUint16(at));
    assertEquals(bytes.uint16(at, "little"), view.getUint16(at, true));
    assertEquals(bytes.uint32(at, "big"), view.getUint32(at));
    assertEquals(bytes.uint64(at, "little"), Number(view.getBigUint64(at, true)));
  }
  const long = bytes.bytes(BLOCK_BYTES - 5, 2 * BLOCK_BYTES + 10);
  assertEquals(long, file.slice(BLOCK_BYTES - 5, 3 * BLOCK_BYTES + 5));
  assertEquals(new HeaderBytes(3, new TextEncoder().encode("abc")).text(1, 2), "bc");
  assert(bytes.has(5, [file[5], file[6]]));
  assert(!bytes.has(5, [file[5] + 1]));
  assert(!bytes.has(file.length - 1, [file[file.length - 1], 0]));
});

Deno.test("HeaderBytes says that the file ends", () => {
  const bytes = new HeaderBytes(file.length, file);
  assertEquals(bytes.bytes(file.length - 2, 2).length, 2);
  for (const at of [file.length - 1, file.length, 2 ** 40]) {
    assertThrows(() => bytes.bytes(at, 2), ImageError, "the file is truncated");
  }
});

Deno.test("parseScattered() reads the blocks that are needed, each once", async () => {
  const read: number[] = [];
  const readBytes = (at: number, length: number) => {
    read.push(at / BLOCK_BYTES);
    return Promise.resolve(file.subarray(at, at + length));
  };
  const start = file.subarray(0, BLOCK_BYTES);
  const sum = await parseScattered(
    new HeaderBytes(file.length, start),
    readBytes,
    (bytes) =>
      bytes.uint8(3) + bytes.uint8(3 * BLOCK_BYTES + 9) + bytes.uint8(BLOCK_BYTES) +
      bytes.uint8(BLOCK_BYTES + 1),
  );
  assertEquals(
    sum,
    file[3] + file[3 * BLOCK_BYTES + 9] + file[BLOCK_BYTES] + file[BLOCK_BYTES + 1],
  );
  assertEquals(read, [3, 1]);
});

Deno.test("parseScattered() does not read a whole file in search of its header", async () => {
  let blocks = 0;
  const readBytes = (_: number, length: number) => {
    blocks++;
    return Promise.resolve(new Uint8Array(length));
  };
  const everywhere = (bytes: HeaderBytes) => {
    for (let at = 0;; at += BLOCK_BYTES) bytes.uint8(at);
  };
  await assertRejects(
    () => parseScattered(new HeaderBytes(2 ** 40), readBytes, everywhere),
    ImageError,
    "its header is spread over more than 16 MB",
  );
  assertEquals(blocks, 256);
});
