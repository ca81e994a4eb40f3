/** Running the tests of a file in a process of their own, and telling what came of them. */
import { fileURLToPath } from "node:url";

/** Environment variable that names the file of what came of tests. */
const RECORD = "GLOVITA_TEST_WEBGPU_RECORD";

/** What Vulkan is told so that it finds the device in software that comes with Debian's chromium. */
const SOFTWARE: Readonly<Record<string, string>> = {
  GLOVITA_SOFTWARE_GPU: "1",
  VK_ICD_FILENAMES: "/usr/lib/chromium/vk_swiftshader_icd.json",
  VK_LOADER_LAYERS_DISABLE: "*",
};

/** What came of a test. */
export interface Outcome {
  /** Its name. */
  readonly name: string;
  /** What went wrong. */
  readonly error?: string;
  /** What keeps WebGPU from running. */
  readonly missing?: string;
}

/** Runs a test and notes what came of it. */
export type Recorder = (
  name: string,
  fn: () => Promise<void>,
  problem: () => Promise<string | undefined>,
) => Promise<void>;

/** Where a process that was started for that notes what comes of its tests. */
export function recordTo(): Recorder | undefined {
  const path = Deno.env.get(RECORD);
  if (path === undefined) return undefined;
  const note = (outcome: Outcome) =>
    Deno.writeTextFileSync(path, `${JSON.stringify(outcome)}\n`, { append: true });
  let found: Promise<string | undefined> | undefined;
  return async (name, fn, problem) => {
    const missing = await (found ??= problem());
    try {
      if (missing === undefined) await fn();
      note({ name, missing });
    } catch (error) {
      note({ name, error: error instanceof Error ? error.stack : String(error) });
      throw error;
    }
  };
}

/**
 * Runs the tests of a file.
 * @param url The file.
 * @param software Whether the device in software is used.
 * @returns What came of them, by name; under an empty name how the process ended, if not well.
 */
export async function runFile(
  url: string,
  software: boolean,
): Promise<ReadonlyMap<string, Outcome>> {
  const record = await Deno.makeTempFile();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--quiet", "--no-check", "--no-prompt", "-P=test", fileURLToPath(url)],
    env: { ...(software && SOFTWARE), [RECORD]: record, NO_COLOR: "1" },
  }).output();
  const lines = (await Deno.readTextFile(record)).split("\n").filter(Boolean);
  await Deno.remove(record);
  const outcomes = lines.map((line): Outcome => JSON.parse(line));
  const failed = outcomes.some(({ error }) => error !== undefined);
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n");
  const end = `its process ended with code ${code}:\n${text.trim().slice(-2000)}`;
  if (code !== 0 && !failed) outcomes.push({ name: "", error: end });
  return new Map(outcomes.map((outcome) => [outcome.name, outcome]));
}

/** What came of one test; one that was not reached has failed. */
export function ranIn(outcomes: ReadonlyMap<string, Outcome>, name: string): Outcome {
  const end = outcomes.get("");
  return end ?? outcomes.get(name) ?? { name, error: "its process ended before it" };
}
