/** Extracted files as h5py sees them; runs where GLOVITA_PYTHON names a Python with h5py. */
import { assert, assertEquals } from "@std/assert";
import { extract, WIDTH } from "../../_extraction.ts";

const python = Deno.env.get("GLOVITA_PYTHON");

const SCRIPT = `
import h5py, json, sys
def describe(path):
    with h5py.File(path) as f:
        x = f["features"]
        return {
            "features": [str(x.dtype), list(x.shape), list(x.chunks or ()), x.compression, x.compression_opts],
            "labels": [str(f["labels"].dtype), f["labels"][:].tolist()],
            "ids": [name.decode() for name in f["sample_ids"][:]],
            "values": x[:].astype("float64").tolist(),
            "attributes": {k: v if isinstance(v, str) else v.item() for k, v in f.attrs.items()},
        }
print(json.dumps([describe(path) for path in sys.argv[1:]]))
`;

interface Described {
  readonly features: readonly unknown[];
  readonly labels: readonly unknown[];
  readonly ids: readonly string[];
  readonly values: readonly number[][];
  readonly attributes: Readonly<Record<string, unknown>>;
}

function describe(...paths: string[]): Described[] {
  const command = new Deno.Command(python ?? "", { args: ["-c", SCRIPT, ...paths] });
  const { stdout, stderr, success } = command.outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test({
  name: "extractFeatures() writes files that h5py reads (needs GLOVITA_PYTHON with h5py)",
  ignore: !python,
  fn: async () => {
    const folder = Deno.makeTempDirSync();
    const paths = [];
    for (const precision of ["16", "32"]) {
      for (const compression of ["0", "9"]) {
        const output_filename = `${precision}-${compression}.h5`;
        const flags = { precision, compression, output_filename, split: "train" };
        const { files: [{ file }] } = await extract(folder, flags);
        paths.push(file);
      }
    }
    const [half, halfPacked, full, fullPacked] = describe(...paths);
    const shape = [22, WIDTH];
    assertEquals(half.features.slice(0, 2), ["float16", shape]);
    assertEquals(full.features.slice(0, 2), ["float32", shape]);
    assertEquals([half.features[3], full.features[3]], [null, null]);
    assertEquals(halfPacked.features.slice(3), ["gzip", 9]);
    assertEquals(fullPacked.features.slice(3), ["gzip", 9]);
    assertEquals(half.values, halfPacked.values);
    assertEquals(full.values, fullPacked.values);
    for (const [i, row] of full.values.entries()) {
      for (const [column, value] of row.entries()) {
        assert(Math.abs(half.values[i][column] - value) <= Math.abs(value) * 2 ** -11);
      }
    }
    assertEquals(full.labels, ["int64", Array.from({ length: 22 }, (_, i) => i % 3)]);
    assertEquals(full.ids[4], "class 1/bild-ä-4.png");
    const { class_names, samples, split } = full.attributes;
    assertEquals([class_names, samples, split], ['["a","b","c"]', 22, "train"]);
  },
});
