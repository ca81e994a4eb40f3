/**
 * Chromium, for tests of pages.
 * @module
 */
import { join } from "node:path";
import { type Browser, launch, type Page } from "puppeteer-core";
import { until } from "./_until.ts";

/** Where Debian and its relatives, and macOS, have a Chromium. */
const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** The program; `undefined` where there is none. */
export const chromium: string | undefined = Deno.env.get("CHROMIUM") ?? PLACES.find(isThere);

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Makes a graphics processor of software, where a browser brings one. */
const SOFTWARE_GPU = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
];

/** A browser that reaches nothing but this machine. */
export class TestBrowser implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #profile: string;
  readonly #downloads: string;

  private constructor(browser: Browser, profile: string) {
    this.#browser = browser;
    this.#profile = profile;
    this.#downloads = join(profile, "downloads");
  }

  /**
   * Starts it.
   * @param options Whether it has WebGPU, in software.
   */
  static async start({ webgpu = false } = {}): Promise<TestBrowser> {
    const profile = await Deno.makeTempDir();
    const args = [
      "--no-sandbox",
      ...webgpu ? SOFTWARE_GPU : ["--disable-gpu"],
      "--disable-background-networking",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ];
    const options = { executablePath: chromium!, args, userDataDir: profile };
    return new TestBrowser(await launch({ ...options, protocolTimeout: 600_000 }), profile);
  }

  /**
   * Opens a page.
   * @param url Its address.
   * @param look Width and colour scheme.
   * @returns The page, and what it complained of: lines on the console, errors, requests elsewhere.
   */
  async open(
    url: string,
    { width = 1280, scheme = "light" } = {},
  ): Promise<{ readonly page: Page; readonly complaints: string[] }> {
    const page = await this.#browser.newPage();
    page.setDefaultTimeout(600_000); // A page that hangs ends the test, with a word.
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(`console: ${message.text()}`));
    page.on("pageerror", (error) => complaints.push(`error: ${error}`));
    page.on("requestfailed", (request) => complaints.push(`failed: ${request.url()}`));
    page.on("request", (request) => {
      const here = ["data:", "blob:"].some((kind) => request.url().startsWith(kind));
      if (!here && new URL(request.url()).host !== new URL(url).host) {
        complaints.push(`request: ${request.url()}`);
      }
    });
    await page.setViewport({ width, height: 900 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    const client = await page.createCDPSession();
    await client.send("Browser.setDownloadBehavior", {
      behavior: "allow",
      downloadPath: this.#downloads,
    });
    await page.goto(url);
    return { page, complaints };
  }

  /**
   * Waits for a file that a page has handed out.
   * @param name Its name.
   */
  async downloaded(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const path = join(this.#downloads, name);
    await until(() => isThere(path));
    const bytes = await Deno.readFile(path);
    await Deno.remove(path);
    return bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await Deno.remove(this.#profile, { recursive: true });
  }
}
