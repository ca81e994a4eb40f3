/** Caches that Python writes and reads; runs where GLOVITA_PYTHON has huggingface_hub. */
import { assertEquals } from "@std/assert";
import { findWeights } from "../../../engine/hub/weights.ts";
import { TemporaryFolder } from "../storage/testdata.ts";
import { withEnvironment } from "./_environment.ts";
import { COMMIT, FakeHub, sha256, someBytes } from "./_fake_hub.ts";

const python = Deno.env.get("GLOVITA_PYTHON");
const repository = "timm/tiny.in1k";
const content = someBytes(50_000);

/** Calls a function of huggingface_hub that returns a path. */
async function call(expression: string): Promise<string> {
  const script = `import huggingface_hub\nprint(huggingface_hub.${expression})`;
  const command = new Deno.Command(python ?? "", { args: ["-c", script] });
  const { stdout, stderr, success } = await command.output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

function interop(name: string, check: (hub: FakeHub, cache: string) => Promise<void>): void {
  Deno.test({
    name: `${name} (needs GLOVITA_PYTHON with huggingface_hub)`,
    ignore: !python,
    fn: async () => {
      using folder = new TemporaryFolder();
      await using hub = new FakeHub();
      hub.files.set(`${repository}/model.safetensors`, { content, direct: true });
      const HF_ENDPOINT = hub.endpoint.origin;
      await withEnvironment({ HF_ENDPOINT, HF_HOME: folder.path }, async () => {
        await check(hub, `${folder.path}/hub`);
      });
    },
  });
}

interop("huggingface_hub finds what findWeights() downloads", async () => {
  const { file } = await findWeights({ repository });
  const found = await call(`try_to_load_from_cache("${repository}", "model.safetensors")`);
  assertEquals(found, file);
  const local = `hf_hub_download("${repository}", "model.safetensors", local_files_only=True)`;
  assertEquals(await call(local), file);
});

interop("findWeights() finds what huggingface_hub downloads", async (hub, cache) => {
  const file = await call(`hf_hub_download("${repository}", "model.safetensors")`);
  assertEquals(
    file,
    `${cache}/models--timm--tiny.in1k/snapshots/${COMMIT}/model.safetensors`,
  );
  const requests = hub.heard.length;
  assertEquals(await findWeights({ repository }), { file, sha256: sha256(content) });
  assertEquals(hub.heard.length, requests);
});
