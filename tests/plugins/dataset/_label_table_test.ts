import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { readCsvLabels, readJsonLabels } from "../../../plugins/dataset/_label_table.ts";
import { TemporaryFolder } from "../../engine/storage/testdata.ts";

const COLUMNS = ["path", "label"] as const;

function read(content: unknown): Record<string, unknown> {
  using folder = new TemporaryFolder();
  const file = folder.file("labels");
  const text = typeof content === "string" ? content : JSON.stringify(content);
  Deno.writeTextFileSync(file, text);
  const csv = text.startsWith("path");
  const { rows } = csv ? readCsvLabels(file, COLUMNS, {}) : readJsonLabels(file, {});
  return Object.fromEntries([...rows].map(([path, { label, place }]) => [path, [label, place]]));
}

function failure(content: unknown): string {
  const { message } = assertThrows(() => read(content), DataError);
  assert(!message.includes("\n"));
  return message.replace(/^Cannot (use|read) "[^"]*": /, "");
}

Deno.test("readJsonLabels() takes texts, numbers, truth values and nothing", () => {
  assertEquals(read({ "a\\b": " x ", c: 1, "./d": true, e: null, f: "", g: " ", h: -0.5 }), {
    "a/b": ["x", "entry 0"],
    c: [1, "entry 1"],
    d: [true, "entry 2"],
    e: [undefined, "entry 3"],
    f: [undefined, "entry 4"],
    g: [undefined, "entry 5"],
    h: [-0.5, "entry 6"],
  });
});

Deno.test("readJsonLabels() names index and id of a label of another type", () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [{ label: 0 }, "an object"],
    [{ toString: 1 }, "an object"],
    [[0], "a list"],
    [[], "a list"],
  ];
  const expected = "expected text, a number, true or false";
  for (const [label, found] of cases) {
    assertEquals(
      failure({ a: 1, "val/b": label }),
      `the label of "val/b" (entry 1) is ${found}, ${expected}`,
    );
  }
  assertEquals(failure('{"a": 1e999}'), `the label of "a" (entry 0) is Infinity, ${expected}`);
  for (const list of [["a"], 3, null]) {
    assertEquals(failure(list), "it is not an object of labels by path");
  }
  assertEquals(failure('{"a": 0,\n"a": 1}'), 'it is not JSON: line 2 repeats the name "a"');
});

Deno.test("readCsvLabels() takes what two columns say, row by row", () => {
  assertEquals(read("path,label\na\\b.png,0\n./c.png, x\nd.png\n,\n"), {
    "a/b.png": ["0", "line 2"],
    "c.png": ["x", "line 3"],
    "d.png": [undefined, "line 4"],
  });
  assertEquals(failure("path,label\na,0\n,1\n"), 'line 3 has the label "1" and no path');
});

Deno.test("labels of one path agree, however it is written", () => {
  assertEquals(read("path,label\nx\\a,0\nx/a,0\nx//a,\n"), { "x/a": ["0", "line 2"] });
  assertEquals(read("path,label\nx/a,\nx/a,1\n"), { "x/a": ["1", "line 3"] });
  assertEquals(
    failure("path,label\nx/a,0\nx\\a,1\n"),
    'it gives "x\\a" the labels "0" (line 2) and "1" (line 3)',
  );
  assertEquals(
    failure({ "gr\u00f6\u00dfe": 0, "gro\u0308\u00dfe": 1 }),
    'it gives "gro\u0308\u00dfe" the labels "0" (entry 0) and "1" (entry 1)',
  );
});

Deno.test("names of classes with accents are composed, lost letters are refused", () => {
  assertEquals(read({ a: "gro\u0308\u00dfe" }), { a: ["gr\u00f6\u00dfe", "entry 0"] });
  const lost = "holds the character U+FFFD, which another program put for lost letters";
  assertEquals(failure({ a: "\ufffd\ufffd" }), `entry 0 ${lost}`);
  assertEquals(failure("path,label\na,0\n\ufffd,1\n"), `line 3 ${lost}`);
});
