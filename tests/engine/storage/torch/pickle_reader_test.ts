import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  PickleError,
  PickleGlobal,
  type PickleHost,
  readPickle,
  readPickleAt,
  UnfinishedPickle,
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
  ["long of twenty bytes", pickle(0x80, 2, 0x8a, 20, "\0".repeat(19), 0x80, "."), -(2n ** 159n)],
  ["half of a surrogate pair", pickle(0x80, 2, "X\x05\0\0\0a\xed\xb3\xa9b."), "a\udce9b"],
  [
    "two halves, and a letter of three bytes",
    pickle(0x80, 4, 0x8c, 9, "\xed\xa0\xbd\xed\xb8\x80\xe2\x82\xac."),
    "\ud83d\ude00\u20ac",
  ],
  ["a tuple as key", pickle(0x80, 2, "}K\x01K\x02", 0x86, "K\x03s."), new Map([[[1, 2], 3]])],
  [
    "none and truth as keys",
    pickle(0x80, 2, "}(NK\x01", 0x88, "K\x02u."),
    new Map<unknown, number>([[null, 1], [true, 2]]),
  ],
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
  "text that is not UTF-8": pickle(0x80, 2, "X\x01\x00\x00\x00\xff."),
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
  "an integer of 70,000 bytes": pickle(0x80, 2, 0x8b, 0x70, 0x11, 1, 0, "\0".repeat(70_000), "."),
  "a surrogate that is cut off": pickle(0x80, 2, "X\x02\0\0\0\xed\xb3."),
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

Deno.test("readPickleAt() reads pickles that follow one another, and tells where bytes end", () => {
  const bytes = pickle(0x80, 2, "K\x01.", 0x80, 2, "K\x02.rest");
  const first = readPickleAt(bytes, host, 0);
  assertEquals(first, { value: 1, end: 5 });
  assertEquals(readPickleAt(bytes, host, first.end), { value: 2, end: 10 });
  for (let length = 5; length < 10; length++) {
    assertThrows(() => readPickleAt(bytes.subarray(0, length), host, 5), UnfinishedPickle);
  }
});

Deno.test("readPickle() drops what is put into objects that a host does not build", () => {
  const skipping: PickleHost = {
    ...host,
    global: (name) => new PickleGlobal(name),
    reduce: () => "object",
    build: () => {},
    ignoresItems: (target) => target === "object",
  };
  const made = "cx\nQueue\n)R";
  assertEquals(readPickle(pickle(0x80, 2, made, "(K\x01K\x02e."), skipping), "object");
  assertEquals(readPickle(pickle(0x80, 2, made, "(K\x01K\x02u."), skipping), "object");
  assertEquals(readPickle(pickle(0x80, 2, made, "}b."), skipping), "object");
  const byName = pickle(0x80, 4, "cx\nQueue\n)}", 0x92, ".");
  assertEquals(readPickle(byName, skipping), "object");
});

Deno.test("readPickle() bounds the memory of values, not their number alone", () => {
  const list = (item: string, count: number) => pickle(0x80, 2, "(", item.repeat(count), "l.");
  assertEquals((readPickle(list("N", 100_000), host) as unknown[]).length, 100_000);
  assertThrows(() => readPickle(list("}", 2_000_000), host), PickleError, "too many values");
});
