/**
 * Makes the package for npm: what `deno pack` makes, less the commands, which are Deno's, and with
 * exact versions of what it depends on.
 *
 * ```sh
 * deno task pack:npm [FILE.tgz]
 * ```
 * @module
 */
import { packTar, type ParsedTarEntryWithData, unpackTar } from "modern-tar";
import manifest from "../deno.json" with { type: "json" };

const ROOT = new URL("../", import.meta.url).pathname;
/** What stays out: it runs under Deno only. */
const IGNORED = ["cli", "links"];
/** The first Node that runs the package: `using` is part of its language. */
const NODE = ">=24";

/** What `deno pack` writes of a package. */
interface PackageJson {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** Runs `deno pack`, whose package is put at a path. */
async function runDenoPack(path: string): Promise<void> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["pack", "--quiet", "--allow-dirty", "--no-source-maps", "--output", path]
      .concat(IGNORED.map((folder) => `--ignore=${folder}`)),
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
}

/** Names and exact versions of the npm packages of `deno.json`. */
function exactVersions(): ReadonlyMap<string, string> {
  return new Map(
    Object.values(manifest.imports).flatMap((specifier) => {
      const [, name, version] = /^npm:(.+)@([^@]+)$/.exec(specifier) ?? [];
      return name === undefined ? [] : [[name, version]];
    }),
  );
}

/** The package's description of itself, without its commands. */
function describePackage(found: PackageJson): PackageJson & { engines: { node: string } } {
  const versions = exactVersions();
  const { "./cli": _, ...exports } = found.exports;
  const dependencies = Object.keys(found.dependencies).map((name) => {
    const version = versions.get(name);
    if (version === undefined) throw new Error(`deno.json has no exact version of ${name}`);
    return [name, version];
  });
  const engines = { node: NODE };
  return { ...found, engines, exports, dependencies: Object.fromEntries(dependencies) };
}

/** Whether a file is a module that `deno pack` left as it is, as nothing imports it. */
function isUnused(name: string): boolean {
  return name.endsWith(".ts") && !name.endsWith(".d.ts");
}

/**
 * Makes the package.
 * @param path Where it is put.
 */
export async function packForNpm(path: string): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const packed = `${folder}/package.tgz`;
    await runDenoPack(packed);
    const bytes = (await Deno.open(packed)).readable.pipeThrough(new DecompressionStream("gzip"));
    const entries = (await unpackTar(bytes)).filter(({ header }) => !isUnused(header.name));
    const tar = await packTar(entries.map(rewritten));
    const zipped = new Blob([tar]).stream().pipeThrough(new CompressionStream("gzip"));
    await Deno.writeFile(path, zipped);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** An entry of the package, with the description that it gets here. */
function rewritten({ header, data }: ParsedTarEntryWithData) {
  if (header.name !== "package/package.json") return { header, body: data };
  const described = describePackage(JSON.parse(new TextDecoder().decode(data)));
  const body = new TextEncoder().encode(JSON.stringify(described, null, 2) + "\n");
  return { header: { ...header, size: body.length }, body };
}

if (import.meta.main) {
  const [path = `glovita-${manifest.version}.tgz`] = Deno.args;
  await packForNpm(path);
  console.log(path);
}
