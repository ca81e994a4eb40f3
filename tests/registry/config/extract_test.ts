import { assertEquals, assertThrows } from "@std/assert";
import { EXTRACT_SECTIONS, resolveExtractConfig } from "../../../registry/config/extract.ts";
import { type Flag, flag } from "../../../registry/config/flag.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { extractConfig, extractionRegistry } from "../../_extraction.ts";

const registry = extractionRegistry();
const file = { data: { dataset: "made_up" }, model: { encoder: { encoder_type: "tiny" } } };

Deno.test("resolveExtractConfig() resolves what it returned to itself", () => {
  const config = extractConfig("out", { method: "avg", shard: "2/5" });
  const again = resolveExtractConfig({ file: config }, registry);
  assertEquals([again.config, again.notices], [config, []]);
});

Deno.test("resolveExtractConfig() takes flags over the file", () => {
  const flags = [flag("split", "val"), flag("method", "sum"), flag("merge", "3")];
  const { config } = resolveExtractConfig({ file: { ...file, method: "avg" }, flags }, registry);
  assertEquals([config.split, config.method, config.merge], ["val", "sum", 3]);
});

Deno.test("resolveExtractConfig() takes a training's config, and names what has no effect", () => {
  const training = { ...file, exp_dir: "x", optimizer: { lr: 1 }, dataloading: { batch_size: 8 } };
  const { config, notices } = resolveExtractConfig({ file: training }, registry);
  assertEquals(config.dataloading.batch_size, 8);
  assertEquals(notices, ["ignored: optimizer, exp_dir (not used by this command)"]);
});

Deno.test("resolveExtractConfig() wants a dataset", () => {
  const model = file.model;
  const error = assertThrows(
    () => resolveExtractConfig({ file: { model } }, registry),
    ConfigError,
  );
  assertEquals(error.message, 'data.dataset: expected "made_up", received nothing');
});

Deno.test("resolveExtractConfig() bounds workers and shards", () => {
  const flags = [flag("shard", "10000/10000"), flag("dataloading.num_workers", "256")];
  const { config } = resolveExtractConfig({ file, flags }, registry);
  assertEquals([config.shard, config.dataloading.num_workers], ["10000/10000", 256]);
  const problems = (...flags: Flag[]) =>
    assertThrows(() => resolveExtractConfig({ file, flags }, registry), ConfigError)
      .message.split("\n");
  const shard = "shard: expected i/n, such as 1/4, with n up to 10000, or auto, received";
  const found = problems(
    flag("merge", "10001"),
    flag("shard", "1/10001"),
    flag("dataloading.num_workers", "257"),
  );
  assertEquals(found, [
    `${shard} "1/10001"`,
    'merge: expected a whole number from 1 to 10000 or "auto", received 10001',
    "dataloading.num_workers: expected a whole number from 1 to 256, received 257",
  ]);
  for (const given of ["1", "0/2", "1/2/3", "a/b"]) {
    assertEquals(problems(flag("shard", given)), [`${shard} "${given}"`]);
  }
});

Deno.test("EXTRACT_SECTIONS: a parent precedes its children", () => {
  const paths = EXTRACT_SECTIONS.map(({ path }) => path);
  for (const [i, path] of paths.entries()) {
    const parent = path.split(".").slice(0, -1).join(".");
    assertEquals(paths.slice(0, i).includes(parent) || path === "", true, path);
  }
});
