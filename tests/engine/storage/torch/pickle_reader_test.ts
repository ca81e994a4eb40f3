import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  PickleError,
  type PickleHost,
  readPickle,
} from "../../../../engine/storage/torch/pickle_reader.ts";
import { writePickle } from "../../../../engine/storage/torch/pickle_writer.ts";

const refuse = (): never => {
  throw new PickleError("refused");
};
const host: PickleHost = { reduce: refuse, build: refuse, persistent: refuse, global: refuse };

/** Bytes of a pickle: numbers as they are, texts letter by letter. */
function pickle(...parts: readonly (number | string)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === "number" ? [part] : [...part].map((letter) => letter.charCodeAt(0))
    ),
  );
}

const GOOD: readonly (readonly [name: string, bytes: Uint8Array, value: unknown])[] = [
  [
    "protocol 4 with frame and memo",
    pickle(0x80, 4, 0x95, 4, 0, 0, 0, 0, 0, 0, 0, "]\x94K\x05a."),
    [5],
  ],
  ["short text", pickle(0x80, 4, 0x8c, 2, "hi."), "hi"],
  ["long text", pickle(0x80, 4, 0x8d, 2, 0, 0, 0, 0, 0, 0, 0, "hi."), "hi"],
  ["text of Python 2", pickle(0x80, 2, "U\x02\xe4b."), "\xe4b"],
  ["bytes", pickle(0x80, 3, "C\x02\x00\xff."), new Uint8Array([0, 255])],
  ["byte array", pickle(0x80, 5, 0x96, 1, 0, 0, 0, 0, 0, 0, 0, 9, "."), new Uint8Array([9])],
  ["set", pickle(0x80, 4, 0x8f, "(K\x01K\x02", 0x90, "."), [1, 2]],
  ["frozen set", pickle(0x80, 4, "(K\x01", 0x91, "."), [1]],
  ["dict of a mark", pickle(0x80, 2, "(K\x01K\x02d."), new Map([[1, 2]])],
  ["list of a mark", pickle(0x80, 2, "(K\x01l."), [1]],
  ["pop and duplicate", pickle(0x80, 2, "]K\x010", "2a."), undefined],
  ["zero as long", pickle(0x80, 2, 0x8a, 0, "."), 0],
  ["negative long", pickle(0x80, 2, 0x8a, 1, 0xff, "."), -1],
  ["long of four bytes length", pickle(0x80, 2, 0x8b, 1, 0, 0, 0, 5, "."), 5],
];

for (const [name, bytes, value] of GOOD.filter(([, , value]) => value !== undefined)) {
  Deno.test(`readPickle() reads ${name}`, () => {
    assertEquals(readPickle(bytes, host), value);
  });
}

const BAD: Readonly<Record<string, Uint8Array>> = {
  "nothing": pickle(),
  "no end": pickle(0x80, 2, "K\x01"),
  "no value": pickle(0x80, 2, "."),
  "protocol 6": pickle(0x80, 6, "K\x01."),
  "an unknown opcode": pickle(0x80, 2, 0xff, "."),
  "a text beyond the end": pickle(0x80, 2, "X\xff\xff\xff\x7fab."),
  "a text that is no UTF-8": pickle(0x80, 2, "X\x01\x00\x00\x00\xff."),
  "a name without end": pickle(0x80, 2, "cos"),
  "a missing mark": pickle(0x80, 2, "t."),
  "a missing memo": pickle(0x80, 2, "h\x07."),
  "an item for a number": pickle(0x80, 2, "K\x01K\x02a."),
  "an item for a list": pickle(0x80, 2, "]K\x01K\x02s."),
  "a key without value": pickle(0x80, 2, "}(K\x01u."),
  "a list as key": pickle(0x80, 2, "}]K\x01s."),
  "a dict as key": pickle(0x80, 2, "}}K\x01s."),
  "an item for a tuple": pickle(0x80, 2, ")K\x01a."),
  "a call of a number": pickle(0x80, 2, "K\x01)R."),
  "a call with a number": pickle(0x80, 2, "K\x01K\x02R."),
  "a name made of numbers": pickle(0x80, 4, "K\x01K\x02", 0x93, "."),
  "a mark as value": pickle(0x80, 2, "(."),
  "an import": pickle(0x80, 2, "cos\nsystem\n."),
};

for (const [name, bytes] of Object.entries(BAD)) {
  Deno.test(`readPickle() refuses ${name}`, () => {
    assertThrows(() => readPickle(bytes, host), PickleError);
  });
}

Deno.test("readPickle() refuses every beginning of a pickle and survives changed bytes", () => {
  const bytes = writePickle({ a: [1, 2.5, "x"], b: { c: null, d: true } }, () => "0");
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(() => readPickle(bytes.subarray(0, length), host), PickleError);
  }
  let refused = 0;
  for (let at = 0; at < bytes.length; at++) {
    for (const flip of [1, 0x10, 0xff]) {
      const changed = bytes.slice();
      changed[at] ^= flip;
      try {
        readPickle(changed, host);
      } catch (error) {
        assert(error instanceof PickleError, String(error));
        refused++;
      }
    }
  }
  assert(refused > 0);
});

Deno.test("readPickle() lets the host say what strings of Python 2 are", () => {
  const bytes = pickle(0x80, 2, "U\x02\x80bT\x03\x00\x00\x00xyz\x86.");
  assertEquals(readPickle(bytes, { ...host, string: (string) => string.length }), [2, 3]);
});
