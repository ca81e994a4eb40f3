/** Packed files as h5py sees them; runs where GLOVITA_PYTHON names a Python with h5py. */
import { assertEquals } from "@std/assert";
import { openFeatureFile } from "../../../engine/features/feature_file.ts";
import { inFolder } from "../../_training.ts";
import { packInto, PRODUCERS } from "./_slides.ts";

const python = Deno.env.get("GLOVITA_PYTHON");

const SCRIPT = `
import h5py, json, sys
with h5py.File(sys.argv[1]) as f:
    print(json.dumps({
        "types": {k: [str(f[k].dtype), list(f[k].shape)] for k in ("features", "coords", "labels", "bag_ptr")},
        "ids": list(f["sample_ids"].asstr()[:]),
        "patients": list(f["patient_ids"].asstr()[:]),
        "classes": json.loads(f.attrs["class_names"]),
        "patch_size": int(f.attrs["patch_size"]),
    }))
`;

Deno.test({
  name: "pack() writes files that h5py reads (needs GLOVITA_PYTHON with h5py)",
  ignore: !python,
  async fn() {
    for (
      const [producer, dtype, coords, patch] of [
        ["trident", "float32", "int64", 256],
        ["stamp", "float16", "float32", 224],
      ] as const
    ) {
      await inFolder(async (folder) => {
        const { files: [{ file, instances, samples }] } = await packInto(folder, {
          ...PRODUCERS[producer],
          compression: "4",
        });
        const { stdout, stderr, success } = new Deno.Command(python!, {
          args: ["-c", SCRIPT, file],
        }).outputSync();
        if (!success) throw new Error(new TextDecoder().decode(stderr));
        const found = JSON.parse(new TextDecoder().decode(stdout));
        const { ids, patients, classNames } = await openFeatureFile(file);
        assertEquals([found.ids, found.patients, found.classes], [ids, patients, classNames]);
        assertEquals(found.patch_size, patch);
        assertEquals(found.types, {
          features: [dtype, [instances, 32]],
          coords: [coords, [instances, 2]],
          labels: ["int64", [samples]],
          bag_ptr: ["int64", [samples + 1]],
        });
      });
    }
  },
});
