import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { downloadCommand } from "../../cli/download.ts";
import type { StopSignal } from "../../cli/signals.ts";
import { withEnvironment } from "../engine/hub/_environment.ts";
import { COMMIT, FakeHub, sha256, someBytes } from "../engine/hub/_fake_hub.ts";
import { TemporaryFolder } from "../engine/storage/testdata.ts";
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

function fileIn(cache: string, repository: string): string {
  const folder = `models--${repository.replace("/", "--")}`;
  return `${cache}/${folder}/snapshots/${COMMIT}/model.safetensors`;
}

Deno.test("glovita_download downloads repositories and models of timm", async () => {
  await withHub(async ({ hub, cache, run }) => {
    const names = ["timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k", "owner/name"];
    for (const name of names) hub.files.set(`${name}/model.safetensors`, { content });
    const { code, outLines, errLines } = await run("vit_tiny_patch16_224", "hf_hub:owner/name");
    assertEquals([code, errLines], [0, []]);
    const done = outLines.filter((line) => line.includes("SHA-256"));
    assertEquals(done, [
      `vit_tiny_patch16_224: ${fileIn(cache, names[0])}, SHA-256 ${hash}`,
      `hf_hub:owner/name: ${fileIn(cache, names[1])}, SHA-256 ${hash}`,
    ]);
    assertEquals(Deno.readFileSync(fileIn(cache, names[1])), content);
    const again = await run("owner/name");
    assertEquals(again.outLines, [`owner/name: ${fileIn(cache, names[1])}, SHA-256 ${hash}`]);
  });
});

Deno.test("glovita_download names everything that is no TYPE, before it downloads anything", async () => {
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
    while (!await Deno.stat(part).then(({ size }) => size > 0, () => false)) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
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
