import { assertEquals, assertThrows } from "@std/assert";
import { homedir } from "node:os";
import {
  addToSnapshot,
  findCached,
  hubCacheFolder,
  repositoryFolder,
} from "../../../engine/hub/cache.ts";
import { TemporaryFolder } from "../storage/testdata.ts";
import { withEnvironment } from "./_environment.ts";

const REPOSITORY = "timm/tiny";
const NAMES = ["model.safetensors", "pytorch_model.bin"];
const [A, B, C] = ["a", "b", "c"].map((digit) => digit.repeat(40));

/** Writes files of a repository by their paths in its folder. */
function write(cache: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    const full = `${repositoryFolder(REPOSITORY, cache)}/${path}`;
    Deno.mkdirSync(full.slice(0, full.lastIndexOf("/")), { recursive: true });
    Deno.writeTextFileSync(full, text);
  }
}

Deno.test("hubCacheFolder() follows the variables of Hugging Face's libraries", async () => {
  const cases: [Record<string, string>, string][] = [
    [{}, `${homedir()}/.cache/huggingface/hub`],
    [{ XDG_CACHE_HOME: "/x" }, "/x/huggingface/hub"],
    [{ XDG_CACHE_HOME: "/x", HF_HOME: "~/hf" }, `${homedir()}/hf/hub`],
    [{ HF_HOME: "/hf", HUGGINGFACE_HUB_CACHE: "/old" }, "/old"],
    [{ HF_HOME: "/hf", HUGGINGFACE_HUB_CACHE: "/old", HF_HUB_CACHE: "/new" }, "/new"],
    [{ HF_HOME: "/hf", HF_HUB_CACHE: "" }, "/hf/hub"],
  ];
  for (const [variables, folder] of cases) {
    await withEnvironment(variables, () => assertEquals(hubCacheFolder(), folder));
  }
});

Deno.test("findCached() finds nothing in a cache that is not there", () => {
  assertEquals(findCached(REPOSITORY, NAMES, { cache: "no/such/folder" }), undefined);
});

Deno.test("findCached() prefers main, then other references, then the newest snapshot", () => {
  using folder = new TemporaryFolder();
  const cache = folder.path;
  const commit = (revision?: string) => findCached(REPOSITORY, NAMES, { cache, revision })?.commit;
  write(cache, { [`snapshots/${A}/${NAMES[0]}`]: "", [`snapshots/${B}/${NAMES[0]}`]: "" });
  const snapshots = `${repositoryFolder(REPOSITORY, cache)}/snapshots`;
  for (const [newer, older] of [[A, B], [B, A]]) {
    Deno.utimeSync(`${snapshots}/${newer}`, 2000, 2000);
    Deno.utimeSync(`${snapshots}/${older}`, 1000, 1000);
    assertEquals(commit(), newer);
  }
  write(cache, { "refs/refs/pr/1": A });
  assertEquals(commit(), A);
  write(cache, { "refs/main": `${B}\n` });
  assertEquals(commit(), B);
  assertEquals([commit("refs/pr/1"), commit(A), commit(C), commit("v1")], [
    A,
    A,
    undefined,
    undefined,
  ]);
  write(cache, { "refs/main": C });
  assertEquals([commit(), commit("main")], [A, undefined]);
});

Deno.test("findCached() prefers safetensors, and takes a torch file where there is no other", () => {
  using folder = new TemporaryFolder();
  const cache = folder.path;
  write(cache, { "refs/main": A, [`snapshots/${A}/${NAMES[1]}`]: "" });
  const file = () => findCached(REPOSITORY, NAMES, { cache })?.file;
  assertEquals(file(), `${cache}/models--timm--tiny/snapshots/${A}/${NAMES[1]}`);
  write(cache, { [`snapshots/${A}/${NAMES[0]}`]: "" });
  assertEquals(file(), `${cache}/models--timm--tiny/snapshots/${A}/${NAMES[0]}`);
});

Deno.test("findCached() names the blob of a link, and passes over a link that leads nowhere", () => {
  using folder = new TemporaryFolder();
  const cache = folder.path;
  const blob = "d".repeat(64);
  write(cache, { [`blobs/${blob}`]: "content", [`snapshots/${A}/other`]: "" });
  const repository = repositoryFolder(REPOSITORY, cache);
  const link = `${repository}/snapshots/${A}/${NAMES[0]}`;
  Deno.symlinkSync(`../../blobs/${blob}`, link);
  assertEquals(findCached(REPOSITORY, NAMES, { cache }), { file: link, commit: A, blob });
  Deno.removeSync(`${repository}/blobs/${blob}`);
  assertEquals(findCached(REPOSITORY, NAMES, { cache }), undefined);
});

Deno.test("findCached() refuses names that lead out of the cache", () => {
  for (const name of ["../x/y", "a/b/c", "/a", "a/..b"]) {
    assertThrows(() => findCached(name, NAMES), RangeError, `Cannot use repository "${name}"`);
  }
  assertThrows(
    () => findCached(REPOSITORY, NAMES, { revision: "../../x" }),
    RangeError,
    'Cannot use revision "../../x"',
  );
});

Deno.test("addToSnapshot() replaces what was there, and moves the reference", async () => {
  using folder = new TemporaryFolder();
  const cache = folder.path;
  const repository = repositoryFolder(REPOSITORY, cache);
  write(cache, { "blobs/one": "1", "blobs/two": "2", "refs/main": B });
  const entry = { commit: A, name: NAMES[0], revision: "main" };
  await addToSnapshot(repository, { ...entry, blob: "one" });
  const { file } = await addToSnapshot(repository, { ...entry, blob: "two" });
  assertEquals(Deno.readTextFileSync(file), "2");
  assertEquals(findCached(REPOSITORY, NAMES, { cache, revision: "main" })?.blob, "two");
  assertEquals([...Deno.readDirSync(`${repository}/refs`)].length, 1);
});

Deno.test("addToSnapshot() moves the file where there can be no links", async () => {
  using folder = new TemporaryFolder();
  const cache = folder.path;
  write(cache, { "blobs/one": "1" });
  const folderOfRepository = repositoryFolder(REPOSITORY, cache);
  const entry = { commit: A, name: NAMES[0], revision: "main", blob: "one" };
  const script = new URL("./_add_to_snapshot.ts", import.meta.url).href;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    // Links need the permission for all folders.
    args: ["run", "--no-prompt", "--allow-read", `--allow-write=${cache}`, script]
      .concat(folderOfRepository, JSON.stringify(entry)),
  }).output();
  const text = new TextDecoder();
  const file = `${folderOfRepository}/snapshots/${A}/${NAMES[0]}`;
  assertEquals(JSON.parse(text.decode(stdout)), { file, commit: A }, text.decode(stderr));
  assertEquals(findCached(REPOSITORY, NAMES, { cache })?.file, file);
});
