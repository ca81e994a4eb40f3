import { assert, assertEquals, assertThrows } from "@std/assert";
import { ContainerSet } from "../../../../engine/storage/hdf5/container.ts";
import { DamagedStructure } from "../../../../engine/storage/hdf5/cursor.ts";
import { readShape } from "../../../../engine/storage/hdf5/layout.ts";
import { findObject, objectKind } from "../../../../engine/storage/hdf5/paths.ts";
import { H5_FOLDER, KINDS_FOLDER, LAYOUT_FOLDER } from "../testdata.ts";

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

/** A copy of a file that h5py wrote, with bytes changed; where the root's header lies is given. */
function damaged(
  folder: string,
  damage: (bytes: Uint8Array, root: number) => void,
): ContainerSet {
  const original = `${H5_FOLDER}/instance_f32.h5`;
  const bytes = Deno.readFileSync(original);
  using whole = new ContainerSet(original);
  damage(bytes, whole.main.blocks.superblock.root);
  const path = Deno.makeTempFileSync({ dir: folder });
  Deno.writeFileSync(path, bytes);
  return new ContainerSet(path);
}

Deno.test("findObject() takes nothing for the root that is not a group", () => {
  const folder = Deno.makeTempDirSync();
  const damages = [
    // Its messages are gone.
    (bytes: Uint8Array, root: number) => bytes.fill(0, root + 16, root + 40),
    // They are of a kind that there is not.
    (bytes: Uint8Array, root: number) => bytes.fill(0x7f, root + 16, root + 18),
    // There are none.
    (bytes: Uint8Array, root: number) => bytes.fill(0, root + 8, root + 12),
  ];
  for (const damage of damages) {
    using files = damaged(folder, damage);
    for (const path of ["/", "features", "nothing"]) {
      assertThrows(() => findObject(files, path), DamagedStructure, "its root is not a group");
    }
  }
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("findObject() does not look for a name where others are gone", () => {
  const folder = Deno.makeTempDirSync();
  for (const name of ["features", "labels"]) {
    using files = damaged(folder, (bytes) => {
      const at = new TextDecoder("latin1").decode(bytes).indexOf(`${name}\0`);
      assert(at > 0);
      bytes.fill(0, at, at + name.length);
    });
    assertThrows(() => findObject(files, name), DamagedStructure, "a link has no name");
  }
  Deno.removeSync(folder, { recursive: true });
});
