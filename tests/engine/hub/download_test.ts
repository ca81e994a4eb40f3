import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import {
  downloadFile,
  type DownloadOptions,
  type DownloadProgress,
} from "../../../engine/hub/download.ts";
import { TemporaryFolder } from "../storage/testdata.ts";
import { until } from "../../_until.ts";
import { COMMIT, type FakeFile, FakeHub, sha256, someBytes } from "./_fake_hub.ts";
import { STALL_TIME, StallTimers } from "./_stall_timers.ts";

const REPOSITORY = "timm/tiny.in1k";
const NAME = "model.safetensors";
const FOLDER = "models--timm--tiny.in1k";
const content = someBytes(100_000);
const hash = sha256(content);

/** A hub with one file, and an empty cache. */
async function withHub(
  file: Partial<FakeFile>,
  check: (
    setup: {
      readonly hub: FakeHub;
      readonly cache: string;
      readonly path: (name: string) => string;
      readonly download: (options?: DownloadOptions) => ReturnType<typeof downloadFile>;
    },
  ) => Promise<void>,
): Promise<void> {
  using folder = new TemporaryFolder();
  await using hub = new FakeHub();
  hub.files.set(`${REPOSITORY}/${NAME}`, { content, ...file });
  const cache = folder.path;
  const { endpoint } = hub;
  const download = (options: DownloadOptions = {}) =>
    downloadFile(REPOSITORY, [NAME], { endpoint, cache, token: "", retryDelay: 1, ...options });
  await check({ hub, cache, download, path: (name) => `${cache}/${FOLDER}/${name}` });
}

const exists = (path: string): boolean => {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
};

Deno.test("downloadFile() lays a file out as Hugging Face's libraries do", async () => {
  await withHub({}, async ({ download, path }) => {
    const seen: DownloadProgress[] = [];
    const found = await download({ onProgress: (progress) => seen.push(progress) });
    const file = path(`snapshots/${COMMIT}/${NAME}`);
    assertEquals(found, { file, commit: COMMIT, blob: hash, sha256: hash });
    assertEquals(Deno.readFileSync(file), content);
    assertEquals(Deno.readLinkSync(file), `../../blobs/${hash}`);
    assertEquals(Deno.readTextFileSync(path("refs/main")), COMMIT);
    assertEquals([...Deno.readDirSync(path("blobs"))].map(({ name }) => name), [hash]);
    assertEquals([...Deno.readDirSync(path(`snapshots/${COMMIT}`))].length, 1);
    assertEquals(seen[0], { file: NAME, received: 0, total: content.length });
    assertEquals(seen.at(-1), { file: NAME, received: content.length, total: content.length });
    assertEquals(seen.map(({ received }) => received).toSorted((a, b) => a - b).at(-1), 100_000);
  });
});

Deno.test("downloadFile() takes the first name that the repository has", async () => {
  await withHub({}, async ({ hub, cache }) => {
    hub.files.set("owner/old/pytorch_model.bin", { content: someBytes(10) });
    const options = { endpoint: hub.endpoint, cache, token: "" };
    const { file } = await downloadFile("owner/old", [NAME, "pytorch_model.bin"], options);
    assertEquals(Deno.readFileSync(file), someBytes(10));
    await assertRejects(
      () => downloadFile("owner/old", [NAME, "weights.bin"], options),
      DataError,
      'Cannot download from "owner/old": revision "main" has no model.safetensors and no weights.bin',
    );
  });
});

Deno.test("downloadFile() continues where the connection was cut, and asks for the rest only", async () => {
  await withHub({ cuts: [30_000, 20_000, 0, 10_000] }, async ({ download, hub }) => {
    const { sha256 } = await download();
    assertEquals(sha256, hash);
    assertEquals(hub.ranges, [
      null,
      "bytes=30000-",
      "bytes=50000-",
      "bytes=50000-",
      "bytes=60000-",
    ]);
  });
});

Deno.test("downloadFile() keeps what has arrived when it gives up, and continues next time", async () => {
  await withHub({ cuts: [30_000, 0, 0, 0, 0] }, async ({ download, hub, path }) => {
    const error = await assertRejects(() => download(), DataError);
    assertStringIncludes(error.message, `Cannot download ${NAME} of "${REPOSITORY}": the connec`);
    assertStringIncludes(error.message, ", what has arrived is kept for the next time");
    assertEquals(error.message.includes("\n"), false);
    assertEquals(hub.ranges.length, 5);
    assertEquals(Deno.statSync(path(`blobs/${hash}.incomplete`)).size, 30_000);
    assertEquals(exists(path("refs")), false);
    assertEquals((await download()).sha256, hash);
    assertEquals(hub.ranges.at(-1), "bytes=30000-");
    assertEquals(exists(path(`blobs/${hash}.incomplete`)), false);
  });
});

Deno.test("downloadFile() begins again where the storage knows no ranges", async () => {
  await withHub({ cuts: [30_000], whole: true }, async ({ download }) => {
    const seen: number[] = [];
    const { sha256 } = await download({ onProgress: ({ received }) => seen.push(received) });
    assertEquals(sha256, hash);
    assertEquals(seen.at(-1), content.length);
  });
});

Deno.test("downloadFile() waits and tries again while the hub is out of order", async () => {
  await withHub({ failures: [503, 429, 500] }, async ({ download }) => {
    assertEquals((await download()).sha256, hash);
  });
  await withHub({ failures: [503, 502, 504, 500] }, async ({ download, hub }) => {
    const host = hub.endpoint.host;
    await assertRejects(
      () => download(),
      DataError,
      `Cannot download ${NAME} of "${REPOSITORY}": ${host} answers with status 500`,
    );
    assertEquals(hub.heard.length, 4);
  });
});

Deno.test("downloadFile() explains a hub that cannot be reached", async () => {
  await withHub({}, async ({ download }) => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    const error = await assertRejects(
      () => download({ endpoint: new URL(`http://127.0.0.1:${port}`) }),
      DataError,
    );
    assertStringIncludes(error.message, `the connection to 127.0.0.1:${port} failed: `);
  });
});

Deno.test("downloadFile() removes what has another hash than the hub says", async () => {
  const etag = `"${"ab".repeat(32)}"`;
  await withHub({ etag }, async ({ download, path }) => {
    await assertRejects(
      () => download(),
      DataError,
      `what has arrived has the SHA-256 ${hash}, expected ${"ab".repeat(32)}; it was removed`,
    );
    assertEquals([...Deno.readDirSync(path("blobs"))], []);
    assertEquals(exists(path("snapshots")), false);
  });
});

Deno.test("downloadFile() finds out that the rest does not fit what was there", async () => {
  await withHub({}, async ({ download, path }) => {
    Deno.mkdirSync(path("blobs"), { recursive: true });
    Deno.writeFileSync(path(`blobs/${hash}.incomplete`), new Uint8Array(500));
    await assertRejects(() => download(), DataError, "it was removed");
    assertEquals((await download()).sha256, hash);
  });
});

Deno.test("downloadFile() removes what has another size than the hub says", async () => {
  for (const [size, sends] of [[100_010, "100000"], [99_990, "more"]]) {
    await withHub({ size: Number(size) }, async ({ download, path }) => {
      await assertRejects(
        () => download(),
        DataError,
        `the server announces ${size} bytes and sends ${sends}; what has arrived was removed`,
      );
      assertEquals([...Deno.readDirSync(path("blobs"))], []);
    });
  }
});

Deno.test("downloadFile() throws away a part that is longer than the file", async () => {
  await withHub({}, async ({ download, path }) => {
    Deno.mkdirSync(path("blobs"), { recursive: true });
    Deno.writeFileSync(path(`blobs/${hash}.incomplete`), new Uint8Array(200_000));
    assertEquals((await download()).sha256, hash);
  });
});

Deno.test("downloadFile() downloads nothing that is complete, and repairs a damaged blob", async () => {
  await withHub({}, async ({ download, hub, path }) => {
    const { file } = await download();
    await download();
    assertEquals(hub.ranges.length, 1);
    Deno.removeSync(file);
    Deno.writeFileSync(path(`blobs/${hash}`), new Uint8Array(100_000));
    await download();
    assertEquals(hub.ranges.length, 2);
    assertEquals(Deno.readFileSync(file), content);
    Deno.renameSync(path(`blobs/${hash}`), path(`blobs/${hash}.incomplete`));
    await download();
    assertEquals(hub.ranges.length, 2);
  });
});

Deno.test("downloadFile() stops when it is told to, and keeps what has arrived", async () => {
  await withHub({ silent: true }, async ({ download, path }) => {
    const abort = new AbortController();
    const onProgress = ({ received }: DownloadProgress) => void (received > 0 && abort.abort());
    const stopped = () => download({ signal: abort.signal, onProgress });
    const error = await assertRejects(stopped, DOMException);
    assertEquals(error, abort.signal.reason);
    assertEquals(Deno.statSync(path(`blobs/${hash}.incomplete`)).size, 10);
    assertEquals((await download()).sha256, hash);
  });
});

Deno.test("downloadFile() continues what a killed process left, whose lock is gone", async () => {
  await withHub({ silent: true }, async ({ download, hub, cache, path }) => {
    const script = new URL("./_download.ts", import.meta.url).href;
    const permissions = ["read", "write", "env", "sys", "net=127.0.0.1"];
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", ...permissions.map((name) => `--allow-${name}`)]
        .concat(script, REPOSITORY, NAME, hub.endpoint.href, cache),
    }).spawn();
    const part = path(`blobs/${hash}.incomplete`);
    await until(() => exists(part) && Deno.statSync(part).size > 0);
    using locks = new RefusedLocks();
    const waiting = download();
    await until(() => locks.count > 1);
    assertEquals(hub.ranges, [null]);
    child.kill("SIGKILL");
    await child.status;
    assertEquals((await waiting).sha256, hash);
    assertEquals(hub.ranges, [null, "bytes=10-"]);
  });
});

/** Counts how often a lock was not to be had. */
class RefusedLocks implements Disposable {
  count = 0;
  readonly #tryLock = Deno.FsFile.prototype.tryLockSync;

  constructor() {
    const [tryLock, refuse] = [this.#tryLock, () => this.count++];
    Deno.FsFile.prototype.tryLockSync = function (exclusive) {
      const taken = tryLock.call(this, exclusive);
      if (!taken) refuse();
      return taken;
    };
  }

  [Symbol.dispose](): void {
    Deno.FsFile.prototype.tryLockSync = this.#tryLock;
  }
}

Deno.test("downloadFile() gives up a connection on which nothing arrives", async () => {
  await withHub({ silent: true }, async ({ download, hub }) => {
    using timers = new StallTimers();
    const onProgress = ({ received }: DownloadProgress) => void (received === 10 && timers.fire());
    const { sha256 } = await download({ stallTime: STALL_TIME, onProgress });
    assertEquals([sha256, hub.ranges], [hash, [null, "bytes=10-"]]);
  });
});

Deno.test("downloadFile() asks again where a hub does not answer", async () => {
  await withHub({ deaf: true }, async ({ download, hub }) => {
    using timers = new StallTimers();
    const downloading = download({ stallTime: STALL_TIME });
    await until(() => hub.heard.length > 0);
    timers.fire();
    assertEquals((await downloading).sha256, hash);
    assertEquals(hub.heard.filter(({ method }) => method === "HEAD").length, 2);
  });
});

Deno.test("downloadFile() sends the token to the hub and to nobody else", async () => {
  await withHub({}, async ({ download, hub }) => {
    await download({ token: "hf_secret" });
    const sent = hub.heard.map(({ host, authorization }) => [host, authorization]);
    assertEquals(sent, [
      ["hub", "Bearer hf_secret"],
      ["hub", "Bearer hf_secret"],
      ["storage", null],
    ]);
  });
});

Deno.test("downloadFile() downloads the commit that it asked about", async () => {
  await withHub({}, async ({ download, hub, path }) => {
    await download({ revision: "refs/pr/1" });
    assertEquals(hub.heard.map(({ path }) => path.split("/")[4]).slice(0, 2), [
      "refs%2Fpr%2F1",
      COMMIT,
    ]);
    assertEquals(Deno.readTextFileSync(path("refs/refs/pr/1")), COMMIT);
    await download({ revision: COMMIT });
    assertEquals(exists(path(`refs/${COMMIT}`)), false);
  });
});

Deno.test("downloadFile() follows a repository that was renamed", async () => {
  await withHub({}, async ({ hub, cache }) => {
    hub.renamed.set("old/name", REPOSITORY);
    const options = { endpoint: hub.endpoint, cache, token: "" };
    const { file } = await downloadFile("old/name", [NAME], options);
    assert(file.includes("models--old--name"));
    hub.renamed.set("a/loop", "a/loop");
    await assertRejects(
      () => downloadFile("a/loop", [NAME], options),
      DataError,
      "its redirects lead nowhere",
    );
  });
});

Deno.test("downloadFile() takes weak etags, and those that are not SHA-256", async () => {
  for (const etag of [`W/"${hash}"`, hash, '"0a1b2c"']) {
    await withHub({ etag, direct: true }, async ({ download }) => {
      const { blob, sha256 } = await download();
      assertEquals([blob, sha256], [etag.replace(/^W\//, "").replaceAll('"', ""), hash]);
    });
  }
});

Deno.test("downloadFile() refuses an etag or commit that would lead out of the cache", async () => {
  for (const etag of ['"../../evil"', '""']) {
    await withHub({ etag }, async ({ download }) => {
      await assertRejects(() => download(), DataError, "does not answer as a Hugging Face hub");
    });
  }
});

Deno.test("downloadFile() explains what the hub refuses", async () => {
  await withHub({}, async ({ download, hub }) => {
    const page = `http://127.0.0.1:${hub.endpoint.port}/${REPOSITORY}`;
    const cases = [
      [
        401,
        "GatedRepo",
        "",
        `accept the terms at ${page} and set HF_TOKEN to your account's token`,
      ],
      [403, "GatedRepo", "t", `terms at ${page} and use a token of that account as HF_TOKEN`],
      [401, undefined, "", `${page} does not exist, or is private or restricted and wants a token`],
      [401, undefined, "t", `the token in HF_TOKEN has no access to ${page}`],
      [404, "RepoNotFound", "t", `${page} does not exist, or the token may not see it`],
      [404, "RepoNotFound", "", `${page} does not exist`],
      [404, "RevisionNotFound", "", 'it has no revision "main"'],
      [418, undefined, "", `127.0.0.1:${hub.endpoint.port} answers with status 418`],
    ] as const;
    for (const [status, code, token, state] of cases) {
      hub.refusals.set(REPOSITORY, { status, code });
      const error = await assertRejects(() => download({ token }), DataError);
      assertStringIncludes(error.message, `Cannot download ${NAME} of "${REPOSITORY}": `);
      assertStringIncludes(error.message, state);
    }
    assertEquals(hub.heard.length, cases.length);
  });
});

Deno.test("downloadFile() lets one of two downloads wait for the other", async () => {
  await withHub({}, async ({ download, hub }) => {
    const found = await Promise.all([download(), download()]);
    assertEquals(found[0], found[1]);
    assertEquals(hub.ranges.length, 1);
  });
});

Deno.test("downloadFile() explains a cache that cannot be written", async () => {
  await withHub({}, async ({ download, cache }) => {
    Deno.writeTextFileSync(`${cache}/file`, "");
    const error = await assertRejects(() => download({ cache: `${cache}/file` }), DataError);
    assertStringIncludes(error.message, "Cannot write ");
  });
});

Deno.test("downloadFile() refuses names that lead elsewhere", async () => {
  await withHub({}, async ({ download, hub }) => {
    for (const revision of ["../main", "a/../b", ""]) {
      await assertRejects(() => download({ revision }), RangeError, "Cannot use revision");
    }
    const options = { endpoint: hub.endpoint };
    for (const name of ["../x", "a/b/c", "", "a/..", "a b/c"]) {
      await assertRejects(() => downloadFile(name, [NAME], options), RangeError, "owner/name");
    }
    assertEquals(hub.heard, []);
  });
});
