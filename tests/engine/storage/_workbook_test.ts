import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { openTable, type TableOptions } from "../../../engine/storage/table.ts";
import { zipChunks } from "../../../engine/storage/torch/zip_writer.ts";
import { TABLE_FOLDER, TemporaryFolder } from "./testdata.ts";

const open = (name: string, options?: TableOptions) =>
  openTable(`${TABLE_FOLDER}/${name}`, options);
const bytesOf = (name: string) => Deno.readFileSync(`${TABLE_FOLDER}/${name}`);

/** The message about a file of these bytes, without its beginning. */
async function failure(
  content: Uint8Array<ArrayBuffer>,
  name = "a.xlsx",
  options?: TableOptions,
): Promise<string> {
  using folder = new TemporaryFolder();
  const file = folder.file(name);
  Deno.writeFileSync(file, content);
  const { message } = await assertRejects(() => openTable(file, options), DataError);
  assert(!message.includes("\n"));
  assert(message.startsWith(`Cannot read "${file}": `), message);
  return message.replace(`Cannot read "${file}": `, "");
}

/** A zip archive of texts. */
function zip(entries: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  const files = Object.entries(entries).map(([name, text]) => ({
    name,
    data: new TextEncoder().encode(text),
  }));
  const chunks = [...zipChunks(files)];
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

const RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/** A workbook whose only sheet has these cells. */
function workbookOf(cells: string): Uint8Array<ArrayBuffer> {
  return zip({
    "xl/workbook.xml":
      '<workbook><sheets><sheet name="S" sheetId="1" r:id="a"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels":
      `<Relationships><Relationship Id="a" Type="${RELATIONS}/worksheet" Target="s.xml"/></Relationships>`,
    "xl/s.xml": `<worksheet><sheetData><row r="1">${cells}</row></sheetData></worksheet>`,
  });
}

const KINDS = [
  { line: 2, cells: ["007", "Tumor", "3", "true", "2024-01-31"] },
  { line: 3, cells: ["b 2", "für <&> 😀", "0.1", "false", "2024-01-31T12:30:00", "x"] },
  { line: 5, cells: ["12", "", "1e-7", "", "23:59:59", "a\nb"] },
  { line: 6, cells: ["-5", "hidden", "123456789012345700000", "", "2020-02-29T00:00:01"] },
  { line: 7, cells: ["A", "TRUE", "-2.5", "", "1900-01-01", "1e+300"] },
  { line: 8, cells: ["1000000000000000", "", "0.3", "", "1900-03-01"] },
];

for (const name of ["kinds.xlsx", "prefixed.xlsx"]) {
  Deno.test(`openTable() reads cells of ${name} as a person sees them`, async () => {
    const { columns, rows, notices } = await open(name, { needed: ["seen", "label"] });
    assertEquals(columns, ["id", "label", "number", "flag", "seen", "note"]);
    assertEquals(rows, KINDS);
    assertEquals(notices, []);
  });
}

Deno.test("openTable() takes the first sheet that has rows, and says that others have some", async () => {
  const { columns, rows, notices } = await open("several.xlsx");
  assertEquals([columns, rows], [["Patients id"], [{ line: 2, cells: ["1"] }]]);
  const file = `${TABLE_FOLDER}/several.xlsx`;
  assertEquals(notices, [`sheet "Patients" of "${file}" is read, 2 other sheets have rows too`]);
});

Deno.test("openTable() finds nothing in an empty workbook, and misses what is needed", async () => {
  const { columns, rows } = await open("empty.xlsx");
  assertEquals([columns, rows], [[], []]);
  assertEquals(
    await failure(bytesOf("empty.xlsx"), "a.xlsx", { needed: ["id"] }),
    'it has no column "id", its columns are none',
  );
});

Deno.test("openTable() takes what formulas gave, an empty text too", async () => {
  const { rows } = await open("formulas.xlsx");
  assertEquals(rows, [{ line: 2, cells: ["1", "3", "1x"] }]);
});

Deno.test("openTable() counts days from 1904 where a workbook does, and reads ISO dates", async () => {
  assertEquals((await open("from_1904.xlsx")).rows.flatMap(({ cells }) => cells), [
    "1904-01-02",
    "2024-02-29",
  ]);
  assertEquals((await open("iso_dates.xlsx")).rows.flatMap(({ cells }) => cells), [
    "2024-07-01T06:05:04",
    "2024-07-01",
  ]);
});

Deno.test("openTable() reads every cell of a long sheet", async () => {
  const { rows } = await open("long.xlsx");
  const wanted = Array.from({ length: 2498 }, (_, index) => {
    const number = index + 2;
    const text = `text ${number}${" & more".repeat(number % 7)}`;
    return { line: number, cells: [`${1234567 * number}`, text, `${number} rich`] };
  });
  assertEquals(rows, wanted);
});

Deno.test("openTable() reads integers in full", async () => {
  using folder = new TemporaryFolder();
  const file = folder.file("a.xlsx");
  const cells = '<c r="A1"><v>12345678901234567891</v></c><c r="B1"><v>-0</v></c>' +
    '<c r="C1"><v>2.50E1</v></c>';
  Deno.writeFileSync(file, workbookOf(cells));
  assertEquals((await openTable(file)).columns, ["12345678901234567891", "0", "25"]);
});

Deno.test("openTable() names the cell that holds an error, or nothing that was computed", async () => {
  const lines: readonly (readonly [string, string])[] = [
    ["error.xlsx", 'row 3, column B ("label") holds the error #N/A'],
    ["error_in_header.xlsx", "row 1, column B holds the error #N/A"],
    [
      "not_computed.xlsx",
      'row 2, column B ("sum") holds a formula without a value, save the file in Excel or ' +
      "LibreOffice",
    ],
    ["beyond.xlsx", "row 3 has 4 cells, the first row names 2 columns"],
    [
      "far.xlsx",
      "a sheet spans 1048576 rows and 16384 columns, too many to read; delete what stands far " +
      "from the table",
    ],
  ];
  for (const [name, line] of lines) assertEquals(await failure(bytesOf(name)), line);
});

Deno.test("openTable() finds errors however their XML is written", async () => {
  for (
    const cell of [
      "<c r='B1' t='e'><v>#REF!</v></c>",
      '<c t="e" r="B1"  s="0"><f>1/0</f><v xml:space="preserve">#REF!</v></c>',
      '<x:c r="B1" t="e"><x:v>#REF!</x:v></x:c>',
    ]
  ) {
    const content = workbookOf(`<c r="A1"><v>1</v></c>${cell}`);
    assertEquals(await failure(content), "row 1, column B holds the error #REF!");
  }
  const none = workbookOf('<c r="A1" t="e"><f>1/0</f></c>');
  assertEquals(await failure(none), "row 1, column A holds an error");
  for (const cell of ["<c r='A1'><f>B1</f></c>", '<c r="A1" t="str"><f>B1</f></c>']) {
    assertMatch(
      await failure(workbookOf(cell)),
      /^row 1, column A holds a formula without a value/,
    );
  }
});

Deno.test("openTable() refuses places that do not exist, and would take all memory", async () => {
  const damaged = (what: string) => `the workbook is damaged, ${what}; save it as .xlsx or .csv`;
  const lines: readonly (readonly [string, string])[] = [
    ['<c r="A99999999"><v>1</v></c>', 'a cell has the place "A99999999"'],
    ['<c r="ABCD1"><v>1</v></c>', 'a cell has the place "ABCD1"'],
    ['<c r="&#65;1"><v>1</v></c>', 'a cell has the place "&#65;1"'],
    ["<c><v>1</v></c>", 'a cell has the place ""'],
    ['</row><row r="999999999"/><row>', 'a row has the place "999999999"'],
  ];
  for (const [cells, what] of lines) {
    assertEquals(await failure(workbookOf(cells)), damaged(what));
  }
  const part = zip({ "xl/workbook.xml": "<workbook/>", "xl/_rels/workbook.xml.rels": "<a/>" });
  assertEquals(await failure(part), damaged("a part of it is missing"));
});

Deno.test("openTable() refuses cells that are damaged", async () => {
  assertEquals(
    await failure(workbookOf('<c r="AB1"><v>1,5</v></c>')),
    "row 1, column AB holds a number that cannot be read",
  );
  assertMatch(
    await failure(workbookOf('<c r="A1" t="s"><v>7</v></c>')),
    /^the workbook is damaged, .*VALUE_INVALID; save it as \.xlsx or \.csv$/,
  );
  assertMatch(
    await failure(workbookOf('<c r="A1"><v>7</w></c>')),
    /^the workbook is damaged, .*; save it as \.xlsx or \.csv$/,
  );
});

Deno.test("openTable() says what a file is that is not a workbook, and what to do", async () => {
  const office = Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, 0, 0);
  const old = "it is an Office file from before 2007, or one with a password, not";
  const text = new TextEncoder().encode("id,label\n1,a\n");
  const advice = "save it as .xlsx or .csv";
  const lines: readonly (readonly [Uint8Array<ArrayBuffer>, string, string])[] = [
    [office, "a.xlsx", `${old} an Excel workbook (.xlsx): ${advice}`],
    [office, "a.csv", `${old} a text file: ${advice}`],
    [office, "a.xls", `.xls files are not read: ${advice}`],
    [text, "a.ods", `.ods files are not read: ${advice}`],
    [bytesOf("kinds.xlsx"), "a.csv", `it is a zip archive, not a text file: ${advice}`],
    [
      text,
      "a.XLSX",
      `it is text that begins "id,label", not an Excel workbook (.xlsx): ${advice}`,
    ],
    [new Uint8Array(0), "a.xlsx", `it is an empty file, not an Excel workbook (.xlsx): ${advice}`],
    [
      zip({ "a.xml": "<a/>" }),
      "a.xlsx",
      `it is a zip archive, not an Excel workbook (.xlsx): ${advice}`,
    ],
    [
      bytesOf("kinds.xlsx").slice(0, 3000),
      "a.xlsx",
      "the zip archive is damaged, it has no end, as if it were cut off",
    ],
  ];
  for (const [bytes, name, line] of lines) assertEquals(await failure(bytes, name), line);
});

Deno.test("openTable() refuses a workbook that unpacks to more than a text may have", async () => {
  const bytes = bytesOf("kinds.xlsx");
  const name = new TextEncoder().encode("xl/worksheets/sheet1.xml");
  const at = bytes.findLastIndex((_, start) => name.every((byte, i) => bytes[start + i] === byte));
  const view = new DataView(bytes.buffer, at - 46);
  assertEquals(view.getUint32(0, true), 0x02014b50);
  view.setUint32(24, 0x7fff_ffff, true); // what the directory says of its size
  assertMatch(await failure(bytes), /^it unpacks to \d{10} bytes, at most 536870888 are read$/);
  view.setUint32(24, 1000, true);
  assertMatch(
    await failure(bytes),
    /^the zip archive is damaged, entry .* cannot be decompressed$/,
  );
});

Deno.test("openTable() needs no permission but to read", async () => {
  const source = new URL("../../../engine/storage/table.ts", import.meta.url);
  const program = `import { openTable } from "${source}";
    console.log((await openTable(${JSON.stringify(`${TABLE_FOLDER}/long.xlsx`)})).rows.length);`;
  using folder = new TemporaryFolder();
  const file = folder.file("program.ts");
  Deno.writeTextFileSync(file, program);
  const config = new URL("../../../deno.json", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--allow-read", "--config", config, file],
  }).output();
  assertEquals(new TextDecoder().decode(stdout).trim(), "2498");
});
