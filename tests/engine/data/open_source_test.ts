import { assert, assertEquals, assertRejects } from "@std/assert";
import { DataError, PartError } from "../../../engine/errors.ts";
import { openSplitSource } from "../../../engine/data/open_source.ts";
import { syntheticSplit } from "./synthetic_source.ts";

Deno.test("openSplitSource() opens the source that a split names", async () => {
  const source = await openSplitSource(syntheticSplit(3));
  const { features } = await source.read(Int32Array.of(2));
  assertEquals(features, Float32Array.of(2000, 2001));
  source.close();
});

Deno.test("openSplitSource() names a module that is missing or exports no source", async () => {
  const split = (module: string) => ({ name: "a.h5", source: { module, options: {} } });
  const missing = await assertRejects(() => openSplitSource(split("file:///no.ts")), TypeError);
  assert(missing.message.startsWith('Cannot read a.h5: module "file:///no.ts" failed to import: '));
  const empty = "data:text/javascript,export const openSource = 3";
  const wrong = await assertRejects(() => openSplitSource(split(empty)), TypeError);
  assertEquals(wrong.message, `Cannot read a.h5: module "${empty}" exports no function openSource`);
});

/** A split whose source is this expression, and belongs to a part. */
function split(source: string) {
  const code = `export const openSource = () => (${source});`;
  const module = `data:text/javascript,${encodeURIComponent(code)}`;
  return { name: "a.h5", source: { module, options: {}, part: 'dataset "mine"' } };
}

Deno.test("openSplitSource() blames the part that a source belongs to", async () => {
  const start = 'Cannot use dataset "mine": ';
  const opening: [string, string][] = [
    ["undefined.rows", "it is broken: Cannot read properties of undefined (reading 'rows')"],
    ["{}", "expected openSource() to return an object with read and close, received an object"],
  ];
  for (const [source, state] of opening) {
    const error = await assertRejects(() => openSplitSource(split(source)), PartError);
    assertEquals(error.message, start + state);
  }
  const missing = { ...split("").source, module: "file:///no.ts" };
  const error = await assertRejects(
    () => openSplitSource({ name: "a.h5", source: missing }),
    PartError,
  );
  assert(error.message.startsWith(`${start}it is broken: Cannot read a.h5: module`));
});

Deno.test("openSplitSource() gives sources whose reads blame the part", async () => {
  const reads: [string, string][] = [
    ["throw new RangeError('row 7')", "it is broken: row 7"],
    ["return Promise.reject('late')", "it is broken: late"],
    ["", 'expected rows with "features" as a Float32Array from read(), received nothing'],
    [
      "return { features: [1] }",
      'expected rows with "features" as a Float32Array from read(), ' +
      "received an Array",
    ],
  ];
  for (const [body, state] of reads) {
    const source = await openSplitSource(split(`{ close() {}, read() { ${body} } }`));
    const error = await assertRejects(async () => await source.read(Int32Array.of(0)), PartError);
    assertEquals(error.message, `Cannot use dataset "mine": ${state}`);
    source.close();
  }
});

Deno.test("openSplitSource() keeps what a source says and gives", async () => {
  const body =
    "{ rows: 2, close() {}, read(i) { return { features: Float32Array.of(this.rows, i[0]) } } }";
  const source = await openSplitSource(split(body));
  assertEquals((await source.read(Int32Array.of(5))).features, Float32Array.of(2, 5));
  const thrown = "throw Object.assign(new Error('Cannot read a.h5'), { name: 'DataError' })";
  const failing = await openSplitSource(split(`{ close() {}, read() { ${thrown} } }`));
  const error = await assertRejects(async () => await failing.read(Int32Array.of(0)), Error);
  assertEquals([error.name, error.message], ["DataError", "Cannot read a.h5"]);
  const refused = "throw Object.assign(new Error('no such file'), { code: 'ENOENT' })";
  const absent = await openSplitSource(split(`{ close() {}, read() { ${refused} } }`));
  await assertRejects(
    async () => await absent.read(Int32Array.of(0)),
    DataError,
    'Cannot use dataset "mine": no such file',
  );
});
