import { gzipSync } from "node:zlib";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import {
  decodeText,
  escapeControls,
  isEncoding,
  lineAt,
  MOST_TEXT_BYTES,
  readTextFile,
} from "../../../engine/storage/text_file.ts";
import { encodeAs } from "../../_encodings.ts";
import { TemporaryFolder } from "./testdata.ts";

const MARKS = { "utf-16le": [0xff, 0xfe], "utf-16be": [0xfe, 0xff] } as const;

function bytesOf(...parts: readonly Iterable<number>[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function failure(bytes: Uint8Array<ArrayBuffer>, options = {}): string {
  const { message, file } = assertThrows(() => decodeText(bytes, "a.csv", options), DataError);
  assertEquals(file, "a.csv");
  return message.replace('Cannot read "a.csv": ', "");
}

Deno.test("readTextFile() reads UTF-8, with or without a byte order mark", () => {
  using folder = new TemporaryFolder();
  const text = "größe,良性\r\n\u{1f600}";
  for (const mark of ["", "\ufeff"]) {
    Deno.writeTextFileSync(folder.file("a.csv"), mark + text);
    assertEquals(readTextFile(folder.file("a.csv")), text);
  }
  Deno.writeTextFileSync(folder.file("empty"), "");
  assertEquals(readTextFile(folder.file("empty")), "");
});

Deno.test("readTextFile() reads UTF-16 in both orders, where a mark says so", () => {
  using folder = new TemporaryFolder();
  const text = "path,label\r\nä,\u{1f600}";
  for (const order of ["utf-16le", "utf-16be"] as const) {
    Deno.writeFileSync(folder.file("a"), bytesOf(MARKS[order], encodeAs(text, order)));
    assertEquals(readTextFile(folder.file("a")), text);
    assertEquals(readTextFile(folder.file("a"), { encoding: "gbk" }), text);
  }
});

Deno.test("readTextFile() says what lies in the place of a text", () => {
  using folder = new TemporaryFolder();
  const path = folder.file("labels.csv");
  const encode = (text: string) => new TextEncoder().encode(text);
  const cases = [
    [
      encode("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n"),
      'it is a Git LFS pointer, not a text file: "git lfs pull" fetches the file itself',
    ],
    [encode("<!DOCTYPE html>\n<html><body>404</body></html>"), "it is an HTML page, not a text"],
    [new Uint8Array(gzipSync(encode("path,label"))), "it is compressed with gzip, not a text file"],
    [bytesOf([0x50, 0x4b, 3, 4], encode("[Content_Types].xml")), "it is a zip archive, not a text"],
  ] as const;
  for (const [bytes, state] of cases) {
    Deno.writeFileSync(path, Uint8Array.from(bytes));
    for (const encoding of [undefined, "windows-1252"]) {
      const { message } = assertThrows(() => readTextFile(path, { encoding }), DataError);
      assert(message.startsWith(`Cannot read "${path}": ${state}`), message);
    }
  }
  for (const text of ["BMI,label\n20,0\n", "version,label\n1,0\n", "%PDF,label\n", "PK,label\n"]) {
    Deno.writeTextFileSync(path, text);
    assertEquals(readTextFile(path), text);
  }
});

Deno.test("decodeText() reads the encoding that is asked for", () => {
  const cases = [
    ["gbk", "良性"],
    ["shift_jis", "ネコ"],
    ["cp1251", "опухоль"],
    ["windows-1252", "größe €"],
    ["iso-8859-7", "καλοήθης"],
    ["utf-16be", "größe"],
  ];
  for (const [encoding, text] of cases) {
    assertEquals(decodeText(encodeAs(text, encoding), "a.csv", { encoding }), text);
  }
});

Deno.test("decodeText() names line and likely encoding of what is not UTF-8", () => {
  const option = { encodingOption: "data.encoding" };
  assertEquals(
    failure(encodeAs("path,label\r\na.png,1\r\nb.png,悪性\r\nc.png,りんご", "shift_jis"), option),
    "line 3 is not UTF-8, it is probably shift_jis; read it with data.encoding shift_jis",
  );
  assertEquals(
    failure(encodeAs('{"a": "bösartige Größe à"}', "windows-1252")),
    "line 1 is not UTF-8, it is probably windows-1252; save it as UTF-8",
  );
  const old = failure(encodeAs("a\rb\rλοή\r", "iso-8859-7"), option);
  assert(old.startsWith("line 3 is not UTF-8, it is probably iso-8859-7 or windows-1253; "), old);
  const euro = bytesOf([0xe2, 0x82, 0xac, 0x0a], [0xe2, 0x82]);
  assertEquals(failure(euro).split(",")[0], "line 2 is not UTF-8");
});

Deno.test("decodeText() names the line that is not in the encoding that was asked for", () => {
  const bytes = bytesOf(encodeAs("a,良性\n", "gbk"), [0xc1, 0x0a]);
  assertEquals(failure(bytes, { encoding: "gbk" }).split(",")[0], "line 2 is not gbk");
  const odd = bytesOf(MARKS["utf-16le"], encodeAs("a\nb", "utf-16le"), [0x61]);
  assertEquals(failure(odd), "line 2 is not UTF-16LE");
  const lone = bytesOf(MARKS["utf-16be"], [0xd8, 0, 0, 0x61]);
  assertEquals(failure(lone), "line 1 is not UTF-16BE");
});

Deno.test("decodeText() refuses UTF-16 without a mark, UTF-32, and bytes that are not text", () => {
  const option = { encodingOption: "data.encoding" };
  assertEquals(
    failure(encodeAs("path,label\na,0\n", "utf-16le"), option),
    "line 1 holds a zero byte, it is probably utf-16le; read it with data.encoding utf-16le",
  );
  assertEquals(
    failure(bytesOf([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0])),
    "it is UTF-32LE, expected UTF-8",
  );
  assertEquals(
    failure(bytesOf([0, 0, 0xfe, 0xff, 0, 0, 0, 0x61])),
    "it is UTF-32BE, expected UTF-8",
  );
  const text = new TextEncoder().encode("a,b\n1,\0\n");
  assertEquals(failure(text), "line 2 holds a zero byte, it is not text");
  assertEquals(
    failure(text, { encoding: "windows-1252" }),
    "line 2 holds a zero byte, it is not text",
  );
});

Deno.test("readTextFile() bounds what it reads, before it takes memory", () => {
  using folder = new TemporaryFolder();
  using file = Deno.openSync(folder.file("large"), { write: true, create: true });
  file.truncateSync(MOST_TEXT_BYTES + 1);
  assertThrows(
    () => readTextFile(folder.file("large")),
    DataError,
    "it has 536870889 bytes, a text file has at most 536870888",
  );
  assertThrows(() => readTextFile(folder.file("no")), DataError, "the file does not exist");
});

Deno.test("escapeControls() leaves no control character, and everything else", () => {
  assertEquals(
    escapeControls('é "\\" \t\r\n\0\u007f\u0085'),
    'é "\\" \\t\\r\\n\\u0000\\u007f\\u0085',
  );
});

Deno.test("isEncoding() knows names and aliases", () => {
  assertEquals(["UTF-8", "cp1251", "latin1", "sjis"].every(isEncoding), true);
  assertEquals(["utf-7", "utf-32", "", "best"].some(isEncoding), false);
});

Deno.test("lineAt() counts lines of every kind", () => {
  assertEquals([0, 1, 3, 4, 5].map((at) => lineAt("a\r\n\n\rb", at)), [1, 1, 2, 3, 4]);
});
