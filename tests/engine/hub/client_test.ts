import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { HubClient, hubEndpoint, NetworkError, networkError } from "../../../engine/hub/client.ts";
import { withEnvironment } from "./_environment.ts";
import { COMMIT, FakeHub, sha256, someBytes } from "./_fake_hub.ts";

const NAME = "model.safetensors";
const content = someBytes(1000);
const at = { repository: "timm/tiny", revision: "main" };

Deno.test("hubEndpoint() is Hugging Face's, or that of HF_ENDPOINT", async () => {
  await withEnvironment({}, () => assertEquals(hubEndpoint().href, "https://huggingface.co/"));
  const mirror = "http://mirror.example:81/hf";
  await withEnvironment({ HF_ENDPOINT: mirror }, () => assertEquals(hubEndpoint().href, mirror));
  for (const bad of ["huggingface.co", "file:///models"]) {
    await withEnvironment({ HF_ENDPOINT: bad }, () => {
      const message = `Cannot use HF_ENDPOINT "${bad}": expected an http or https address`;
      assertThrows(hubEndpoint, DataError, message);
    });
  }
});

Deno.test("HubClient.describe() reads the facts of a redirect without following it", async () => {
  await using hub = new FakeHub();
  hub.files.set("timm/tiny/model.safetensors", { content });
  const client = new HubClient({ endpoint: hub.endpoint });
  const file = { name: NAME, commit: COMMIT, etag: sha256(content), size: 1000 };
  assertEquals(await client.describe(at, NAME), file);
  assertEquals(await client.describe(at, "other.bin"), undefined);
  assertEquals(hub.heard.map(({ host, method }) => `${method} ${host}`), ["HEAD hub", "HEAD hub"]);
});

Deno.test("HubClient.open() begins where it is told to", async () => {
  await using hub = new FakeHub();
  hub.files.set("timm/tiny/model.safetensors", { content });
  const client = new HubClient({ endpoint: hub.endpoint });
  const file = (await client.describe(at, NAME))!;
  const whole = await client.open("timm/tiny", file);
  assertEquals([whole.status, await whole.bytes()], [200, content]);
  const rest = await client.open("timm/tiny", file, { offset: 990 });
  assertEquals([rest.status, await rest.bytes()], [206, content.subarray(990)]);
  assertEquals((await client.open("timm/tiny", file, { offset: 1000 })).status, 416);
});

Deno.test("HubClient takes address and token from the environment", async () => {
  await using hub = new FakeHub();
  hub.files.set("timm/tiny/model.safetensors", { content });
  await withEnvironment({ HF_ENDPOINT: `${hub.endpoint.href}/`, HF_TOKEN: "hf_x" }, async () => {
    await new HubClient().describe(at, NAME);
  });
  const [{ path, authorization }] = hub.heard;
  assertEquals([path, authorization], [`/timm/tiny/resolve/main/${NAME}`, "Bearer hf_x"]);
});

Deno.test("HubClient asks hosts only that Deno may reach", async () => {
  const endpoint = new URL("http://127.0.0.2:4443");
  const error = await assertRejects(
    () => new HubClient({ endpoint }).describe(at, NAME),
    DataError,
  );
  assertEquals(
    error.message,
    "Cannot download from 127.0.0.2:4443: Deno has no permission to reach it, see --allow-net",
  );
});

Deno.test("networkError() gives the reason in one line", () => {
  const error = networkError(new TypeError("reset\n  by peer"), "host:1");
  assertEquals([error instanceof NetworkError, error.message], [
    true,
    "the connection to host:1 failed: reset",
  ]);
});
