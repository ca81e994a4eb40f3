/** A copy of the project in which the commands of a page run as they are written. */
import { basename } from "node:path";
import { loadHdf5Library } from "../../engine/storage/hdf5/library.ts";

const root = new URL("../../", import.meta.url).pathname;
const LINKED = [
  "cli",
  "digits",
  "engine",
  "examples",
  "jobs",
  "links",
  "mod.ts",
  "plugins",
  "registry",
];
const COPIED = ["deno.json", "deno.lock"];
/** Stand for slides of the reader's. */
const SLIDES = "tests/testdata/slides";
/** Stands for a model of the reader's. */
const MODEL = "tests/testdata/onnx/tokens.onnx";
const PERMISSIONS = ["read", "write", "ffi", "env", "sys"].map((name) => `--allow-${name}`);

/** What a command printed, stdout and stderr as they came, and its exit code. */
export interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** A folder with links to the sources, so that what commands write stays apart. */
export class Sandbox implements Disposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "glovita_" });
  readonly #bin = `${this.path}/.bin`;

  constructor() {
    for (const name of LINKED) Deno.symlinkSync(root + name, `${this.path}/${name}`);
    Deno.mkdirSync(`${this.path}/tests/testdata`, { recursive: true });
    Deno.symlinkSync(`${root}${SLIDES}`, `${this.path}/${SLIDES}`);
    for (const name of COPIED) Deno.copyFileSync(root + name, `${this.path}/${name}`);
    Deno.copyFileSync(root + MODEL, `${this.path}/encoder.onnx`);
    Deno.mkdirSync(this.#bin);
    this.#program("deno", `exec '${Deno.execPath()}' "$@"`);
    this.#program("npx", `shift 2; exec '${Deno.execPath()}' "$@"`);
  }

  /** Runs a script as a user would, from the top of the project. */
  async sh(script: string): Promise<Outcome> {
    return await this.#run("bash", ["-ec", `exec 2>&1\n${script}`]);
  }

  /**
   * Runs a program; one whose first line is `// name.ts` is only saved as that. One that imports
   * such a file is type-checked here, the others are by `deno check --doc-only`.
   */
  async ts(program: string): Promise<Outcome> {
    const name = /^\/\/ ([\w/]+\.ts)\n/.exec(program)?.[1];
    await Deno.writeTextFile(`${this.path}/${name ?? "program.ts"}`, program);
    if (name) return { code: 0, output: "" };
    const check = / from "\.\//.test(program) ? "--check" : "--no-check";
    return await this.sh(`deno run --quiet ${check} ${PERMISSIONS.join(" ")} program.ts`);
  }

  /** Runs a program with the Python that `GLOVITA_PYTHON` names. */
  async python(program: string): Promise<Outcome> {
    return await this.#run(Deno.env.get("GLOVITA_PYTHON")!, ["-c", program]);
  }

  /** Writes a feature file whose datasets have other names: `embeddings` and `targets`. */
  async writeRenamed(name: string): Promise<void> {
    const { h5wasm } = await loadHdf5Library();
    const file = new h5wasm.File(`${this.path}/${basename(name)}`, "w");
    const features = Float32Array.from({ length: 200 * 4 }, (_, i) => (i * 37 % 101) / 101);
    file.create_dataset({ name: "embeddings", data: features, shape: [200, 4] });
    const targets = Int32Array.from({ length: 200 }, (_, i) => i % 2);
    file.create_dataset({ name: "targets", data: targets, shape: [200] });
    file.close();
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }

  async #run(program: string, args: readonly string[]): Promise<Outcome> {
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args: [...args],
      cwd: this.path,
      env: { PATH: `${this.#bin}:${Deno.env.get("PATH")}`, NO_COLOR: "1" },
      stdout: "piped",
      stderr: "piped",
    }).output();
    const decoder = new TextDecoder();
    return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
  }

  #program(name: string, script: string): void {
    Deno.writeTextFileSync(`${this.#bin}/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
}
