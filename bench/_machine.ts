/** What the processor is, and which of its instructions multiply matrices fast. */

/** Instructions by the flag that the kernel reports. */
const FEATURES: Readonly<Record<string, string>> = {
  avx2: "AVX2",
  avx512f: "AVX-512",
  avx_vnni: "AVX-VNNI",
  avx512_vnni: "AVX512-VNNI",
  avx512_bf16: "AVX512-BF16",
  amx_int8: "AMX-INT8",
  amx_bf16: "AMX-BF16",
  asimddp: "dot products",
  i8mm: "I8MM",
  bf16: "BF16",
};

/**
 * Describes the machine in one line: cores, processor, and the instructions that it has of those that
 * count, as far as the system tells (Linux).
 */
export function describeMachine(): string {
  const text = readCpuInfo();
  const field = (name: RegExp) => text.match(name)?.[1].trim();
  const flags = new Set((field(/^(?:flags|Features)\s*:(.*)$/m) ?? "").split(" "));
  const has = Object.keys(FEATURES).filter((flag) => flags.has(flag));
  const lacks = Deno.build.arch === "x86_64" && flags.size > 1
    ? ["avx512_vnni", "avx512_bf16", "amx_int8"].filter((flag) => !flags.has(flag))
    : [];
  const name = field(/^model name\s*:(.*)$/m) ?? Deno.build.arch;
  const list = (names: readonly string[]) => names.map((flag) => FEATURES[flag]).join(", ");
  return [
    `${navigator.hardwareConcurrency} cores of ${name}`,
    ...(has.length > 0 ? [list(has)] : []),
    ...(lacks.length > 0 ? [`no ${list(lacks)}`] : []),
    `load ${Deno.loadavg()[0].toFixed(1)}`,
  ].join("; ");
}

function readCpuInfo(): string {
  try {
    // Deno itself reads it with all permissions only.
    const { stdout } = new Deno.Command("cat", { args: ["/proc/cpuinfo"], stderr: "null" })
      .outputSync();
    return new TextDecoder().decode(stdout);
  } catch {
    return "";
  }
}
