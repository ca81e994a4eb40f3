/** Environment variables for the time of a test. */

const HUB_VARIABLES = [
  "HF_ENDPOINT",
  "HF_HOME",
  "HF_HUB_CACHE",
  "HF_HUB_OFFLINE",
  "HF_TOKEN",
  "HUGGINGFACE_HUB_CACHE",
  "TRANSFORMERS_OFFLINE",
  "XDG_CACHE_HOME",
];

/** Runs with the given variables and without all others that concern hubs. */
export async function withEnvironment(
  variables: Readonly<Record<string, string>>,
  run: () => void | Promise<void>,
): Promise<void> {
  const before = new Map(HUB_VARIABLES.map((name) => [name, Deno.env.get(name)]));
  for (const name of HUB_VARIABLES) Deno.env.delete(name);
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  try {
    await run();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
}
