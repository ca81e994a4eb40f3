/**
 * Checks what a dataset reads from other files before the HDF5 library does: it would give fill
 * values for all that is not there.
 * @module
 */
import { statSync } from "node:fs";
import { sizeOf } from "../../ir/dims.ts";
import type { DataError } from "../../errors.ts";
import { type Container, type ContainerSet, isFile } from "./container.ts";
import { readSegments } from "./external.ts";
import { readLayout, readShape } from "./layout.ts";
import { findObject, type FoundObject, objectKind } from "./paths.ts";
import { firstOfSeries, type Mapping, readMappings } from "./virtual.ts";

/** What a dataset reads from elsewhere. */
export interface Sources {
  /** Paths of the files, as files name them. */
  readonly files: ReadonlySet<string>;
  /** Values that no source gives; 0 where that is not known. */
  readonly uncovered: number;
  /** Bytes of all files together. */
  readonly bytes: number;
}

/** What a check needs to know. */
export interface SourceOptions {
  /** The file and those that it links to. */
  readonly files: ContainerSet;
  /** Makes an error of what is wrong with the dataset. */
  readonly fail: (state: string) => DataError;
}

/** Follows the mappings of virtual datasets. */
class SourceCheck {
  readonly found = new Set<string>();
  bytes = 0;
  readonly #options: SourceOptions;
  readonly #above: string[] = [];

  constructor(options: SourceOptions) {
    this.#options = options;
  }

  /** Checks the sources of a dataset; gives the values that none of them fills. */
  check(object: FoundObject): number {
    const { fail } = this.#options;
    const name = `${object.container.path}\n${object.path}`;
    if (this.#above.includes(name)) throw fail("is a virtual dataset that shows itself");
    const layout = readLayout(object.messages);
    this.#plainFiles(object);
    if (layout.kind !== "virtual") return 0;
    this.#above.push(name);
    const mappings = readMappings(object.container, layout.mapping);
    for (const mapping of mappings) this.#mapping(object.container, mapping);
    this.#above.pop();
    const total = sizeOf(readShape(object.messages) ?? []);
    const counts = mappings.map(({ target }) => target.count);
    const covered = counts.reduce<number>((sum, count) => sum + (count ?? Infinity), 0);
    return Math.max(0, total - covered);
  }

  #plainFiles({ container, messages }: FoundObject): void {
    for (const { file } of readSegments(container, messages)) {
      if (isFile(file)) this.bytes += statSync(file).size;
      this.found.add(file);
    }
  }

  #mapping(from: Container, { file, dataset, source, target }: Mapping): void {
    const { fail, files } = this.#options;
    const [first, inner] = [firstOfSeries(file), firstOfSeries(dataset)];
    const own = file === ".";
    const where = own ? `"${inner.name}"` : `"${inner.name}" in "${first.name}"`;
    const container = own ? from : files.other(first.name, from);
    if (!own) this.found.add(file);
    if (typeof container === "string") throw fail(`shows ${where}, ${container}`);
    const object = findObject(files, inner.name, container);
    if (object.kind !== "object") throw fail(`shows ${where}, where it ${object.state}`);
    if (objectKind(object.messages) !== "dataset") throw fail(`shows ${where}, no dataset`);
    this.bytes += container.blocks.file.size;
    this.check(object);
    const shape = readShape(object.messages) ?? [];
    const { end, count } = source;
    if (end?.length === 0) return;
    if (end && end.length !== shape.length) {
      throw fail(`shows ${where}, which has ${shape.length} dimensions instead of ${end.length}`);
    }
    const axis = end?.findIndex((last, axis) => last !== undefined && last > shape[axis]!) ?? -1;
    if (end && axis >= 0) {
      throw fail(
        `shows ${where}, of which it wants ${end[axis]} along dimension ${axis}: there ` +
          `are ${shape[axis]}`,
      );
    }
    const wanted = target.count;
    const given = end ? count : sizeOf(shape);
    if (
      !first.series && !inner.series && wanted !== undefined && given !== undefined &&
      wanted !== given
    ) {
      throw fail(`shows ${where}, which holds ${given} values instead of ${wanted}`);
    }
  }
}

/**
 * Checks the sources of a dataset, and theirs.
 *
 * @param object The dataset.
 * @param options The open files, and how errors are made.
 * @returns What it reads from elsewhere.
 * @throws {DataError} if a source is missing, or smaller than it was.
 * @throws {DamagedStructure} if the list of sources is damaged.
 */
export function checkSources(object: FoundObject, options: SourceOptions): Sources {
  const check = new SourceCheck(options);
  const uncovered = check.check(object);
  return { files: check.found, uncovered, bytes: check.bytes };
}
