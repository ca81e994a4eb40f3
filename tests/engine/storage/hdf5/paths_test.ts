import { assert, assertEquals } from "@std/assert";
import { ContainerSet } from "../../../../engine/storage/hdf5/container.ts";
import { readShape } from "../../../../engine/storage/hdf5/layout.ts";
import { findObject, objectKind } from "../../../../engine/storage/hdf5/paths.ts";
import { KINDS_FOLDER, LAYOUT_FOLDER } from "../testdata.ts";

const kinds = (name: string) => new ContainerSet(`${KINDS_FOLDER}/${name}`);

for (const name of ["nested_groups.h5", "nested_latest.h5"]) {
  Deno.test(`findObject() follows a path through the groups of ${name}`, () => {
    using files = new ContainerSet(`${LAYOUT_FOLDER}/${name}`);
    for (const path of ["a/b/features", "/a/b/features", "a/./b/features"]) {
      const found = findObject(files, path);
      assert(found.kind === "object");
      assertEquals([found.path, objectKind(found.messages)], ["/a/b/features", "dataset"]);
      assertEquals(readShape(found.messages), [37, 10]);
    }
    assertEquals(findObject(files, "a/c").kind, "missing");
    const group = findObject(files, "a");
    assert(group.kind === "object" && objectKind(group.messages) === "group");
  });
}

Deno.test("findObject() finds a name among many, wherever a group keeps its links", () => {
  const places = {
    [`${LAYOUT_FOLDER}/many_names.h5`]: "other59",
    [`${LAYOUT_FOLDER}/dense_group.h5`]: "features",
    [`${KINDS_FOLDER}/many_links.h5`]: "a name of some length that takes room 149",
  };
  for (const [path, name] of Object.entries(places)) {
    using files = new ContainerSet(path);
    assertEquals(findObject(files, name).kind, "object");
    assertEquals(findObject(files, `${name}?`).kind, "missing");
  }
});

Deno.test("findObject() follows soft links and links to other files", () => {
  using files = kinds("links.h5");
  const soft = findObject(files, "soft");
  assert(soft.kind === "object");
  assertEquals([soft.path, soft.container], ["/real", files.main]);
  for (const path of ["outside", "outside_group/features"]) {
    const found = findObject(files, path);
    assert(found.kind === "object");
    assertEquals(found.path, "/inner/features");
    assertEquals(found.container.path, `${KINDS_FOLDER}/linked_to.h5`);
  }
});

Deno.test("findObject() says where a link leads that leads nowhere", () => {
  using files = kinds("links.h5");
  const states = {
    dangling: 'is a link to "/nothing", which is missing',
    loop: "is a link that never ends",
    dead_file: 'is a link to "features" in "moved/away.h5", which does not exist',
    dead_name: 'is a link to "features" in "linked_to.h5", where it is missing',
  };
  for (const [name, state] of Object.entries(states)) {
    assertEquals(findObject(files, name), { kind: "broken", state });
  }
  const other = findObject(files, "no_hdf5");
  assert(other.kind === "broken" && other.state.includes('in "make_hdf5_kinds.py", which cannot'));
  assert(other.state.endsWith(", not an HDF5 file"), other.state);
});

Deno.test("findObject() tells of names beside the missing one that are not UTF-8", () => {
  using files = kinds("names.h5");
  const state = "is missing; 1 of the names beside it is not UTF-8";
  assertEquals(findObject(files, "caf\ufffd"), { kind: "missing", state });
  assertEquals(findObject(files, "features").kind, "object");
});
