import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import metadata from "../../../deno.json" with { type: "json" };
import { groupName, placeOf, runtimeInfo } from "../../../jobs/runs/run_names.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { type Flags, runConfig } from "../../_training.ts";

const files = { folder: "f", train: "train.h5", val: "val.h5", test: "test.h5" };

function placesOf(flags: Flags) {
  const place = placeOf(runConfig(files, flags));
  return place.folds.map((fold) => {
    const { directory, resume } = place.fold(fold);
    return [fold, directory.path, resume];
  });
}

Deno.test("groupName() says when and what", () => {
  const name = groupName(runConfig(files), new Date(2024, 0, 2, 3, 4, 5));
  const expected = /^20240102_030405_precomputed_classification_full_finetuning_[0-9a-f]{8}$/;
  assert(expected.test(name), name);
});

Deno.test("placeOf() puts folds below exp_dir, dataset and group", () => {
  const base = join("f", "experiments", "precomputed_features", "g");
  const flags = { "logger.group": "g" };
  assertEquals(placesOf(flags), [[0, join(base, "0"), false]]);
  assertEquals(placesOf({ ...flags, "data.fold": "3" }), [[3, join(base, "3"), false]]);
  assertEquals(placesOf({ ...flags, "training.cv_folds": "2" }), [
    [0, join(base, "0"), false],
    [1, join(base, "1"), false],
  ]);
});

Deno.test("placeOf() goes on where a run is, whatever the config says of its place", () => {
  const flags = { "logger.group": "g", exp_dir: "elsewhere" };
  const resume = (path: string) => ({ ...flags, "training.resume": path });
  assertEquals(placesOf(resume("a/b/4/")), [[4, "a/b/4/", true]]);
  assertEquals(placesOf(resume("kept")), [[0, "kept", true]]);
  assertEquals(placesOf({ ...resume("kept"), "data.fold": "2" }), [[2, "kept", true]]);
  assertEquals(placesOf({ ...resume("a/1"), "training.cv_folds": "3" }), [
    [1, "a/1", true],
    [2, join("a", "2"), false],
  ]);
  for (const path of ["a/3", "a/kept"]) {
    assertThrows(() => placesOf({ ...resume(path), "training.cv_folds": "3" }), ConfigError);
  }
});

Deno.test("runtimeInfo() carries the version of the package", () => {
  const info = runtimeInfo(new Date(0), { plugins: ["./mine.ts"] });
  assertEquals([info.glovita, info.started, info.plugins], [
    metadata.version,
    "1970-01-01T00:00:00.000Z",
    ["./mine.ts"],
  ]);
});
