import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as v from "valibot";
import { downloadCommand } from "../../cli/download.ts";
import type { StopSignal } from "../../cli/signals.ts";
import { Parameters } from "../../engine/nn/scope.ts";
import { Random } from "../../engine/random.ts";
import { writeSafetensors } from "../../engine/storage/safetensors.ts";
import { storedTensor } from "../../engine/storage/tensor_types.ts";
import { timm } from "../../plugins/encoder_type/timm.ts";
import { withEnvironment } from "../engine/hub/_environment.ts";
import { COMMIT, FakeHub, sha256, someBytes } from "../engine/hub/_fake_hub.ts";
import { TemporaryFolder } from "../engine/storage/testdata.ts";
import { until } from "../_until.ts";
import { type Heard, listener } from "./_fakes.ts";

const content = someBytes(3_000_000);
const hash = sha256(content);

interface Setup {
  readonly hub: FakeHub;
  readonly cache: string;
  readonly run: (...args: string[]) => Promise<Heard & { readonly code: number }>;
}

/** Runs the command against a hub and a cache of the test's own. */
async function withHub(check: (setup: Setup) => Promise<void>): Promise<void> {
  using folder = new TemporaryFolder();
  await using hub = new FakeHub();
  const cache = folder.path;
  const run = async (...args: string[]) => {
    const io = listener();
    const code = await downloadCommand(args, { io });
    return { ...io, code };
  };
  const variables = { HF_ENDPOINT: hub.endpoint.href, HF_HUB_CACHE: cache };
  await withEnvironment(variables, () => check({ hub, cache, run }));
}

/** Bytes of a file, 0 where there is none. */
function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 0;
  }
}

function fileIn(cache: string, repository: string): string {
  const folder = `models--${repository.replace("/", "--")}`;
  return `${cache}/${folder}/snapshots/${COMMIT}/model.safetensors`;
}

/** Bytes of a safetensors file with weights for a model. */
async function weightsOf(type: string, side: number): Promise<Uint8Array<ArrayBuffer>> {
  using folder = new TemporaryFolder();
  const parameters = new Parameters();
  const context = { scope: parameters.scope(), sampleShape: [3, side, side], source: "test" };
  await timm.create(v.parse(timm.config, { type }), context);
  const tensors = parameters.list().map(({ name, shape, initializer }) =>
    [name, storedTensor("float32", shape, initializer(shape, new Random(0)))] as const
  );
  await writeSafetensors(folder.file("a"), new Map(tensors));
  return Deno.readFileSync(folder.file("a"));
}

Deno.test("glovita_download downloads repositories, and checks them by hash", async () => {
  await withHub(async ({ hub, cache, run }) => {
    hub.files.set("owner/name/model.safetensors", { content });
    const { code, outLines, errLines } = await run("hf_hub:owner/name");
    const done = `${fileIn(cache, "owner/name")}, SHA-256 ${hash}`;
    assertEquals([code, errLines, outLines.at(-1)], [0, [], `hf_hub:owner/name: ${done}`]);
    assertEquals(outLines[0], "downloading model.safetensors of hf_hub:owner/name: 0.0 of 3.0 MB");
    assertEquals(Deno.readFileSync(fileIn(cache, "owner/name")), content);
    assertEquals((await run("owner/name")).outLines, [`owner/name: ${done}`]);
  });
});

Deno.test("glovita_download downloads models of timm, and loads their weights", async () => {
  await withHub(async ({ hub, cache, run }) => {
    const repository = "timm/test_vit.r160_in1k";
    const weights = await weightsOf("test_vit", 160);
    hub.files.set(`${repository}/model.safetensors`, { content: weights });
    for (const type of ["test_vit", "test_vit.r160_in1k"]) {
      const { code, outLines, errLines } = await run(type);
      const line = `${type}: ${fileIn(cache, repository)}, SHA-256 ${sha256(weights)}`;
      assertEquals([code, errLines, outLines.at(-1)], [0, [], line]);
    }
    hub.files.set("timm/test_vit2.r160_in1k/model.safetensors", { content: weights });
    const { code, errLines } = await run("test_vit2");
    assertEquals([code, errLines.length], [1, 1]);
    assertStringIncludes(errLines[0], "Cannot load weights from ");
  });
});

Deno.test("glovita_download names everything that is not a TYPE, before it downloads anything", async () => {
  await withHub(async ({ hub, run }) => {
    const none = await run();
    assertEquals([none.code, none.errLines], [2, ["TYPE: expected at least one"]]);
    const { code, errLines } = await run("owner/name", "vit_tny_patch16_224", "--force", "a/b/c");
    assertEquals([code, errLines.length, hub.heard.length], [2, 3, 0]);
    assertStringIncludes(errLines[0], 'did you mean "vit_tiny_patch16_224"?');
    assertEquals(errLines[1], "--force: expected a TYPE, --help or --version");
    assertEquals(errLines[2], 'a/b/c: Cannot use repository "a/b/c": expected "owner/name"');
  });
});

Deno.test("glovita_download ends with 1 where there is nothing to download", async () => {
  await withHub(async ({ hub, run }) => {
    hub.refusals.set("owner/gated", { status: 401, code: "GatedRepo" });
    const { code, errLines } = await run("owner/gated");
    assertEquals([code, errLines.length], [1, 1]);
    assertStringIncludes(errLines[0], 'Cannot download model.safetensors of "owner/gated": access');
  });
});

Deno.test("glovita_download stops at a signal, and continues when it is run again", async () => {
  await withHub(async ({ hub, cache, run }) => {
    hub.files.set("owner/name/model.safetensors", { content, silent: true });
    const io = listener();
    let press: (signal: StopSignal) => void = () => {};
    const running = downloadCommand(["owner/name"], {
      io,
      listen: (onSignal) => {
        press = onSignal;
        return () => {};
      },
    });
    const part = `${cache}/models--owner--name/blobs/${hash}.incomplete`;
    await until(() => sizeOf(part) > 0);
    press("SIGINT");
    assertEquals(await running, 130);
    assertEquals(io.errLines.at(-1), "interrupted; the same command continues");
    assertEquals((await run("owner/name")).code, 0);
    assertEquals(hub.ranges, [null, "bytes=10-"]);
  });
});

Deno.test("glovita_download --help says where the cache is", async () => {
  await withHub(async ({ cache, run }) => {
    for (const flag of ["--help", "-h"]) {
      const { code, outLines } = await run("x", flag);
      assertEquals([code, outLines[0]], [0, "Usage: glovita_download [options] TYPE ..."]);
      assert(outLines.at(-1)!.endsWith(`now ${cache}`));
    }
    assertEquals((await run("--version")).outLines[0].split(" ")[0], "glovita_download");
  });
});
