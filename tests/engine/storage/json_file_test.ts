import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { parseJson, readJsonFile } from "../../../engine/storage/json_file.ts";
import { encodeAs } from "../../_encodings.ts";
import { TemporaryFolder } from "./testdata.ts";

Deno.test("parseJson() parses what JSON.parse does", () => {
  const texts = [
    '{"a": [1, -2.5e3, true, null], "b": {"a": "\\"}{[\\\\"}}',
    '[{"a": 1}, {"a": 1}]',
    '"a: {b"',
    ' {\n"\\u0061" : {}\t}',
    '{"a": "x", "b": "a", "c": ["a", "a"]}',
    "0",
  ];
  for (const text of texts) assertEquals(parseJson(text), JSON.parse(text));
});

Deno.test("parseJson() refuses a name that an object has twice", () => {
  const cases = [
    ['{"a": 0, "b": 1,\n "a": 1}', 'line 2 repeats the name "a"'],
    ['[{"x": {"a b": 0, "c": {"a b": 1}, "a b"\n: 2}}]', 'line 1 repeats the name "a b"'],
    ['{"\\"": 0, "\\"": 1}', 'line 1 repeats the name "\\""'],
  ];
  for (const [text, message] of cases) {
    assertThrows(() => parseJson(text), SyntaxError, message);
    JSON.parse(text);
  }
});

Deno.test("parseJson() refuses what nests too deep for code that walks through it", () => {
  const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  assertEquals(JSON.stringify(parseJson(nested(200))), nested(200));
  const message = "it nests deeper than 200 levels";
  for (const text of [nested(201), '{"a":'.repeat(50_000), "[".repeat(1_000_000)]) {
    assertThrows(() => parseJson(text), SyntaxError, message);
  }
});

Deno.test("parseJson() says in one line what is not JSON", () => {
  for (const text of ['{"a": NaN}', '{\n"a": 1,\n}', "", "{", '"' + "\\".repeat(1000), "]]"]) {
    const { message } = assertThrows(() => parseJson(text), SyntaxError);
    assertEquals(message.includes("\n"), false);
  }
});

Deno.test("readJsonFile() names the file, and reads other encodings", () => {
  using folder = new TemporaryFolder();
  const path = folder.file("a.json");
  Deno.writeTextFileSync(path, '\ufeff{"größe": 1}');
  assertEquals(readJsonFile(path), { größe: 1 });
  Deno.writeFileSync(path, encodeAs('{"größe": 1}', "windows-1252"));
  assertEquals(readJsonFile(path, { encoding: "cp1252" }), { größe: 1 });
  assertThrows(() => readJsonFile(path), DataError, `Cannot read "${path}": line 1 is not UTF-8`);
  Deno.writeTextFileSync(path, "[");
  assertThrows(() => readJsonFile(path), DataError, `Cannot read "${path}": it is not JSON: `);
});
