import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { readSlideTable, type TableOptions } from "../../../engine/slides/slide_table.ts";
import { PRODUCERS, SLIDES, writeTable } from "../../_slides.ts";
import { inFolder } from "../../_training.ts";

type Options = Omit<TableOptions, "labels_file">;

/** Reads a table of lines. Messages and notes name files without their folder. */
async function read(lines: readonly string[], options: Options = {}, slides?: readonly string[]) {
  return await inFolder(async (folder) => {
    const labels_file = await writeTable(join(folder, "labels.csv"), ...lines);
    const slides_file = slides && await writeTable(join(folder, "slides.csv"), ...slides);
    const short = (text: string) => text.replaceAll(`${folder}/`, "");
    try {
      const table = await readSlideTable({ labels_file, slides_file, ...options });
      return {
        rows: table.rows.map((row) => [row.slide, row.patient, ...row.labels, row.split]),
        columns: table.labelColumns,
        places: table.rows.map(({ place }) => short(place)),
        notices: table.notices.map(short),
      };
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      return short(error.message);
    }
  });
}

Deno.test("columns with usual names are found", async () => {
  for (const slide of ["slide_id", "slide", "image_id", "filename", "FILENAME", "Slide_ID"]) {
    for (const patient of ["case_id", "patient", "patient_id", "PATIENT"]) {
      for (const label of ["label", "tumor", "Label"]) {
        const found = await read([`${label},${patient},${slide}`, "x,7,007"]);
        assertEquals(found, {
          rows: [["007", "7", "x", undefined]],
          columns: [label],
          places: ['line 2 of "labels.csv"'],
          notices: [],
        });
      }
    }
  }
});

Deno.test("columns of folds are no labels, and a split column is read", async () => {
  const lines = [
    "case_id,slide_id,tumor,fold_0,fold_1,split",
    "p,s,1,train,test,val",
    "q,t,0,,test,",
  ];
  const found = await read(lines, { split_column: "fold_0" });
  assertEquals(typeof found === "object" && found.rows, [
    ["s", "p", "1", "train"],
    ["t", "q", "0", undefined],
  ]);
});

Deno.test("without patients each slide counts as one, and a note says so", async () => {
  const found = await read(["slide_id,label", "s,1"]);
  assertEquals(typeof found === "object" && [found.rows, found.notices], [
    [["s", "s", "1", undefined]],
    ['"labels.csv" has no column of patients: each slide counts as one'],
  ]);
});

Deno.test("labels by patient are joined with a table of slides; leftovers are told", async () => {
  const labels = ["PATIENT,tumor,grade", "p,1,low", "q,0,high", "r,1,low"];
  const slides = ["PATIENT,FILENAME", "p,p/1.h5", "p,p/2.h5", "q,q/1.h5", "x,x/1.h5"];
  const found = await read(labels, { label_columns: ["tumor"] }, slides);
  assertEquals(found, {
    rows: [
      ["p/1.h5", "p", "1", undefined],
      ["p/2.h5", "p", "1", undefined],
      ["q/1.h5", "q", "0", undefined],
    ],
    columns: ["tumor"],
    places: [2, 2, 3].map((line) => `line ${line} of "labels.csv"`),
    notices: [
      '1 patients of "slides.csv" are not in "labels.csv": "x"',
      '1 patients of "labels.csv" have no slide in "slides.csv": "r"',
    ],
  });
});

Deno.test("byte order mark, semicolons, CRLF and quotes are read", async () => {
  const found = await read(["\ufeffslide_id;label\r", '"s;1";"a ""b"""\r']);
  assertEquals(typeof found === "object" && found.rows, [["s;1", "s;1", 'a "b"', undefined]]);
});

Deno.test("a table that cannot be used is refused in one line", async () => {
  const cases: readonly (readonly [Parameters<typeof read>, string])[] = [
    [[["slide_id,label"]], 'Cannot use "labels.csv": it has no rows'],
    [
      [["id,label", "s,1"]],
      'Cannot read "labels.csv": it has no column of slides (slide_id, slide, image_id, filename), ' +
      'its columns are "id", "label": name one with data.slide_column',
    ],
    [
      [["slide_id,label", "s,1"], { label_columns: ["grade"] }],
      'Cannot read "labels.csv": it has no column "grade", its columns are "slide_id", "label"',
    ],
    [
      [["slide_id,a,b", "s,1,2"]],
      'Cannot read "labels.csv": it is not clear which column is the label: "a", "b"; ' +
      "name it with data.label_columns",
    ],
    [
      [["slide_id,case_id", "s,1"]],
      'Cannot read "labels.csv": it has no column of labels, its columns are "slide_id", ' +
      '"case_id"; name it with data.label_columns',
    ],
    [[["slide_id,label", ",1"]], 'Cannot use "labels.csv": line 2 has no slide'],
    [[["slide_id,case_id,label", "s,,1"]], 'Cannot use "labels.csv": line 2 has no patient'],
    [
      [["slide_id,label", "s\ufffd,1"]],
      'Cannot use "labels.csv": line 2 holds the character U+FFFD, which another program put for ' +
      "lost letters",
    ],
    [
      [["PATIENT,tumor", "p,1", "p,0"], {}, ["PATIENT,FILENAME", "p,1.h5"]],
      'Cannot use "labels.csv": it gives patient "p" the labels "1" (line 2 of "labels.csv") and ' +
      '"0" (line 3)',
    ],
    [
      [["slide_id,tumor", "p,1"], {}, ["PATIENT,FILENAME", "p,1.h5"]],
      'Cannot read "labels.csv": it has no column of patients (case_id, patient, patient_id), its ' +
      'columns are "slide_id", "tumor": name one with data.patient_column',
    ],
    [
      [["PATIENT,tumor", "p,1"], {}, ["PATIENT,FILENAME", "q,1.h5"]],
      'Cannot use "labels.csv": it has no patient of "slides.csv"',
    ],
    [
      [["slide_id,label", "s,1"], { split_column: "fold" }],
      'Cannot read "labels.csv": it has no column "fold", its columns are "slide_id", "label"',
    ],
  ];
  for (const [args, message] of cases) assertEquals(await read(...args), message);
});

Deno.test("a table in another encoding is read when it is named, and refused otherwise", async () => {
  await inFolder(async (folder) => {
    const labels_file = join(folder, "labels.csv");
    const text = new TextEncoder().encode("slide_id,label\ns,gr");
    await Deno.writeFile(labels_file, Uint8Array.of(...text, 0xfc, 0x6e, 0x0a));
    const { rows } = await readSlideTable({ labels_file, encoding: "windows-1252" });
    assertEquals(rows[0].labels, ["grün"]);
    const { message } = await assertRejects(() => readSlideTable({ labels_file }), DataError);
    assertEquals(message.includes("data.encoding"), true);
  });
});

Deno.test("a workbook is a table; leading zeros of ids stay", async () => {
  const labels_file = join(SLIDES, "..", "tables", "kinds.xlsx");
  const { rows } = await readSlideTable({
    labels_file,
    slide_column: "id",
    label_columns: ["label"],
  });
  const first = rows.slice(0, 3).map(({ slide, labels, place }) => [slide, ...labels, place]);
  assertEquals(first, [
    ["007", "Tumor", `line 2 of "${labels_file}"`],
    ["b 2", "für <&> 😀", `line 3 of "${labels_file}"`],
    ["12", undefined, `line 5 of "${labels_file}"`],
  ]);
});

Deno.test("the tables of CLAM, TRIDENT and STAMP are read as they are", async () => {
  const counts = [];
  for (const { root: _, ...options } of Object.values(PRODUCERS)) {
    const { rows, labelColumns, hasPatients } = await readSlideTable(options);
    const patients = new Set(rows.map(({ patient }) => patient));
    counts.push([rows.length, patients.size, labelColumns, hasPatients]);
  }
  assertEquals(counts, [
    [40, 26, ["label"], true],
    [42, 26, ["tumor"], true],
    [40, 26, ["tumor"], true],
  ]);
});
