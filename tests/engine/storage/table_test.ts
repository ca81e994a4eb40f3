import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { Random } from "../../../engine/random.ts";
import { columnAt, openTable, quoted, readTable, shown } from "../../../engine/storage/table.ts";
import { encodeAs } from "../../_encodings.ts";
import { TemporaryFolder } from "./testdata.ts";

const NEEDED = ["path", "label"];

/** Reads a table: cells of the needed columns by line, and notices. */
function read(content: string | Uint8Array<ArrayBuffer>, name = "a.csv", encoding?: string) {
  using folder = new TemporaryFolder();
  const file = folder.file(name);
  if (typeof content === "string") Deno.writeTextFileSync(file, content);
  else Deno.writeFileSync(file, content);
  const table = readTable(file, NEEDED, { encoding });
  const at = NEEDED.map((column) => columnAt(table, column));
  const rows = table.rows.map(({ line, cells }) => [line, ...at.map((column) => cells[column])]);
  return { rows, notices: table.notices.map((notice) => notice.replace(file, name)) };
}

function failure(content: string): string {
  using folder = new TemporaryFolder();
  const file = folder.file("a.csv");
  Deno.writeTextFileSync(file, content);
  const { message } = assertThrows(() => readTable(file, NEEDED), DataError);
  assert(!message.includes("\n"));
  return message.replace(`Cannot read "${file}": `, "");
}

Deno.test("readTable() lets each line end as it does", () => {
  const rows = [[2, "a", "0"], [3, "b", "1"], [4, "c", "0"]];
  for (
    const content of [
      "path,label\na,0\r\nb,1\rc,0",
      "path,label\r\na,0\nb,1\nc,0\n",
      "path,label\ra,0\rb,1\rc,0\r",
      "path,label\r\na,0\r\nb,1\r\nc,0\r\n",
    ]
  ) assertEquals(read(content), { rows, notices: [] });
});

Deno.test("readTable() takes quotes in other columns as they come", () => {
  assertEquals(
    read('path,label,note\na,0,5" lens\nb,1,"he said ""no"""\nc,0,"big" one\nd,1,o\'x\n').rows,
    [[2, "a", "0"], [3, "b", "1"], [4, "c", "0"], [5, "d", "1"]],
  );
  assertEquals(
    read('note,path,label\n"two\nlines",a,0\n "x" ,"b" , 1 \n').rows,
    [[3, "a", "0"], [4, "b", "1"]],
  );
});

Deno.test("readTable() reads quotes as letters where one is not closed and rows are whole", () => {
  const notices = ['quotes of "a.csv" are read as letters, one in line 3 is not closed'];
  assertEquals(
    read('path,label,note\na,0,x\nb,1,"start\nc,0,y\n'),
    { rows: [[2, "a", "0"], [3, "b", "1"], [4, "c", "0"]], notices },
  );
  assertEquals(
    read('note,path,label\nx,a,0\n"one,b,1\n"two,c,0\ny,d,1\n'),
    {
      rows: [[2, "a", "0"], [3, "b", "1"], [4, "c", "0"], [5, "d", "1"]],
      notices,
    },
  );
  assertEquals(
    failure('path,label,note\n"a,a",0,x\nb,1,"start\nc,0,y\n'),
    "a quote in line 3 is not closed in that line",
  );
});

Deno.test("readTable() takes short rows and empty cells, and refuses long rows", () => {
  assertEquals(
    read("path,label,note,more\na,0\n\nb,1,x\n,,,\nc\nd,0,,,,\n").rows,
    [[2, "a", "0"], [4, "b", "1"], [6, "c", undefined], [7, "d", "0"]],
  );
  assertEquals(
    failure("path,label\nx, y.png,1\n"),
    "line 2 has 3 cells, the first line names 2 columns",
  );
});

Deno.test("readTable() finds the delimiter by the names of the columns", () => {
  const rows = [[2, "a,b", "0"]];
  const semicolons = 'path;label;"note"\r\na,b;0;1\r\n';
  assertEquals(read(semicolons), {
    rows,
    notices: ['"a.csv" is read as separated by semicolons'],
  });
  const tabs = "path\tlabel\na,b\t0\n";
  assertEquals(read(tabs), { rows, notices: ['"a.csv" is read as separated by tabs'] });
  assertEquals(read(tabs, "a.TSV"), { rows, notices: [] });
  assertEquals(read("label\tpath\n\ta\n", "a.tsv").rows, [[2, "a", ""]]);
});

Deno.test("readTable() says which columns there are", () => {
  assertEquals(
    failure("Path,label\na,0\n"),
    'it has no column "path", its columns are "Path", "label"',
  );
  assertEquals(failure("path,label,label\na,0,1\n"), 'it has 2 columns "label"');
  assertEquals(failure(""), 'it has no column "path", its columns are none');
  assertEquals(
    failure('"pa\nth",label\n'),
    'it has no column "path", its columns are "pa\\nth", "label"',
  );
});

Deno.test("readTable() compares names of columns with accents composed, and reads encodings", () => {
  using folder = new TemporaryFolder();
  const file = folder.file("a.csv");
  Deno.writeFileSync(file, encodeAs("größe,label\na,0\n", "windows-1252"));
  const table = readTable(file, ["gro\u0308ße"], { encoding: "cp1252" });
  assertEquals([table.columns, columnAt(table, "gro\u0308ße")], [["größe", "label"], 0]);
  assertEquals(read(encodeAs("path,label\nä,悪性\n", "utf-16be"), "a.csv", "utf-16be").rows, [
    [2, "ä", "悪性"],
  ]);
});

const python = Deno.env.get("GLOVITA_PYTHON");
const SCRIPT = `
import csv, json, sys
with open(sys.argv[1], newline="", encoding="utf-8") as file:
    print(json.dumps([[c.strip() for c in row] for row in csv.reader(file) if any(c.strip() for c in row)]))
`;

Deno.test({
  name: "readTable() reads what Python's csv module writes and reads (needs GLOVITA_PYTHON)",
  ignore: !python,
  fn: async () => {
    using folder = new TemporaryFolder();
    const file = folder.file("a.csv");
    const random = new Random(7);
    const pieces = ["a", "b,", 'c"', "d;", "é", "x\ny", "'", "\t."];
    const cell = () =>
      Array.from({ length: 1 + random.integer(3) }, () => pieces[random.integer(8)]).join("x");
    for (let round = 0; round < 20; round++) {
      const ends = ["\n", "\r\n", "\r"];
      const lines = Array.from({ length: 6 }, () => {
        const cells = Array.from({ length: 1 + random.integer(3) }, cell).map((text) =>
          /[",\n]/.test(text) || random.integer(2) ? `"${text.replaceAll('"', '""')}"` : text
        );
        return cells.join(",") + ends[random.integer(3)];
      });
      Deno.writeTextFileSync(file, "path,label,note\n" + lines.join(""));
      const command = new Deno.Command(python ?? "", { args: ["-c", SCRIPT, file] });
      const { stdout, success } = await command.output();
      assert(success);
      const expected: string[][] = JSON.parse(new TextDecoder().decode(stdout));
      const { columns, rows } = readTable(file, NEEDED);
      assertEquals([columns, ...rows.map(({ cells }) => cells)], expected);
    }
  },
});

Deno.test("shown() and quoted() keep texts of files on one line, and short", () => {
  assertEquals(shown("a\nb\t\u0007"), '"a\\nb\\t\\u0007"');
  assertEquals(shown("C:\\x"), '"C:\\x"');
  assertEquals(shown("x".repeat(5_000_000)).length, 123);
  assertEquals(quoted([]), "none");
  assertEquals(quoted(["a", "b"]), '"a", "b"');
  assertEquals(quoted(Array(9).fill("a")).endsWith('"a", …'), true);
});

Deno.test("openTable() reads text with the delimiter that gives the most columns", async () => {
  using folder = new TemporaryFolder();
  const lines: readonly (readonly [string, string, readonly string[]])[] = [
    ["a.csv", "id,label\n1,a\n", ["id", "label"]],
    ["a.csv", "id;label, or not;age\n1;a;2\n", ["id", "label, or not", "age"]],
    ["a.txt", "id\tlabel\n1\ta\n", ["id", "label"]],
    ["a.tsv", "id;x\tlabel\n1\ta\n", ["id;x", "label"]],
    ["a.csv", "id;x,y\n1,a\n", ["id;x", "y"]],
    ["a.csv", "id\n1\n", ["id"]],
  ];
  for (const [name, text, columns] of lines) {
    const file = folder.file(name);
    Deno.writeTextFileSync(file, text);
    assertEquals((await openTable(file)).columns, columns);
  }
});

Deno.test("openTable() takes the delimiter and the encoding that are asked for", async () => {
  using folder = new TemporaryFolder();
  const file = folder.file("a.csv");
  Deno.writeFileSync(file, encodeAs("имя;x,y,z\nда;1\n", "windows-1251"));
  const table = await openTable(file, { needed: ["имя"], encoding: "windows-1251" });
  assertEquals(table.columns, ["имя", "x,y,z"]);
  assertEquals(table.notices, [`"${file}" is read as separated by semicolons`]);
  await assertRejects(() => openTable(file, { needed: ["имя"] }), DataError, "line 1 is not UTF-8");
  await assertRejects(() => openTable(folder.file("b.csv")), DataError, "does not exist");
});
