import { assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { findWeights } from "../../../engine/hub/weights.ts";
import { TemporaryFolder } from "../storage/testdata.ts";
import { withEnvironment } from "./_environment.ts";
import { COMMIT, FakeHub, sha256, someBytes } from "./_fake_hub.ts";

const repository = "timm/tiny.in1k";
const content = someBytes(5000);
const hash = sha256(content);

/** A hub and a cache that the environment names. */
async function withHub(
  check: (hub: FakeHub, cache: string) => Promise<void>,
  variables: Readonly<Record<string, string>> = {},
): Promise<void> {
  using folder = new TemporaryFolder();
  await using hub = new FakeHub();
  hub.files.set(`${repository}/model.safetensors`, { content });
  const HF_ENDPOINT = hub.endpoint.href;
  await withEnvironment({ HF_ENDPOINT, HF_HUB_CACHE: folder.path, ...variables }, async () => {
    await check(hub, folder.path);
  });
}

const NEXT = `Run "deno task glovita_download ${repository}", name a file with ` +
  "--model.encoder.weights_file FILE, or begin without with --model.encoder.no_pretrained";

Deno.test("findWeights() downloads once, and takes the cache from then on", async () => {
  await withHub(async (hub, cache) => {
    const file = `${cache}/models--timm--tiny.in1k/snapshots/${COMMIT}/model.safetensors`;
    const files: string[] = [];
    const onProgress = ({ file }: { file: string }) => void files.push(file);
    assertEquals(await findWeights({ repository, onProgress }), { file, sha256: hash });
    assertEquals([...new Set(files)], ["model.safetensors"]);
    const requests = hub.heard.length;
    assertEquals(await findWeights({ repository }), { file, sha256: hash });
    assertEquals(hub.heard.length, requests);
  });
});

Deno.test("findWeights() stays off the network where the environment says so", async () => {
  for (const [name, value] of [["HF_HUB_OFFLINE", "1"], ["TRANSFORMERS_OFFLINE", "true"]]) {
    await withHub(async (hub, cache) => {
      const folder = `${cache}/models--timm--tiny.in1k`;
      const error = await assertRejects(() => findWeights({ repository }), DataError);
      assertEquals(
        error.message,
        `Cannot find the weights of "${repository}": there is no model.safetensors and no ` +
          `pytorch_model.bin in "${folder}", and ${name} forbids to download them. ${NEXT}`,
      );
      assertEquals([error.file, hub.heard.length], [folder, 0]);
    }, { [name]: value });
  }
});

Deno.test("findWeights() asks nobody for the permission to reach the hub", async () => {
  await withHub(async () => {
    await assertRejects(
      () => findWeights({ repository }),
      DataError,
      `and Deno has no permission to reach 127.0.0.2:4443. ${NEXT}`,
    );
  }, { HF_ENDPOINT: "http://127.0.0.2:4443", HF_HUB_OFFLINE: "0" });
});

Deno.test("findWeights() downloads a damaged file again, and says so where it cannot", async () => {
  await withHub(async (hub) => {
    const { file } = await findWeights({ repository });
    Deno.writeFileSync(file, someBytes(4999));
    await withEnvironment({ HF_HUB_OFFLINE: "1" }, async () => {
      const cache = file.slice(0, file.indexOf("/models--"));
      await assertRejects(
        () => findWeights({ repository, cache }),
        DataError,
        `"${file}" is damaged, its SHA-256 is not the name of its blob, and HF_HUB_OFFLINE`,
      );
    });
    assertEquals((await findWeights({ repository })).sha256, hash);
    assertEquals(Deno.readFileSync(file), content);
    assertEquals(hub.ranges.length, 2);
  });
});

Deno.test("findWeights() gives the hash of a file that stands in the snapshot itself", async () => {
  await withHub(async (hub, cache) => {
    const folder = `${cache}/models--timm--tiny.in1k/snapshots/${COMMIT}`;
    Deno.mkdirSync(folder, { recursive: true });
    Deno.writeFileSync(`${folder}/pytorch_model.bin`, content);
    const file = `${folder}/pytorch_model.bin`;
    assertEquals(await findWeights({ repository }), { file, sha256: hash });
    assertEquals(hub.heard, []);
  });
});
