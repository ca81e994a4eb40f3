/**
 * Follows a path through groups and links, also into other files, to the object that it names.
 * @module
 */
import type { Container, ContainerSet } from "./container.ts";
import { DamagedStructure } from "./cursor.ts";
import { isGroup, type Link, readLinks } from "./groups.ts";
import { MESSAGE, type Messages, readMessages } from "./objects.ts";

/** An object, wherever it lies. */
export interface FoundObject {
  readonly kind: "object";
  /** The file that holds it. */
  readonly container: Container;
  /** Its path inside that file. */
  readonly path: string;
  /** Its header. */
  readonly messages: Messages;
}

/** Where a path leads: to an object, nowhere, or to a link that leads nowhere. */
export type Found =
  | FoundObject
  | { readonly kind: "missing"; readonly state: string }
  | { readonly kind: "broken"; readonly state: string };

/** Links that a path may lead through one after the other, as in HDF5. */
const MAX_LINKS = 16;

/** A group on the way. */
interface Place {
  readonly container: Container;
  readonly address: number;
  readonly names: readonly string[];
}

const rootOf = (container: Container): Place => {
  return { container, address: container.blocks.superblock.root, names: [] };
};

/** Follows paths in a file. */
class PathWalk {
  readonly #files: ContainerSet;
  #links = 0;

  constructor(files: ContainerSet) {
    this.#files = files;
  }

  follow(from: Place, path: string): Place | Exclude<Found, FoundObject> {
    let place = path.startsWith("/") ? rootOf(from.container) : from;
    for (const name of path.split("/").filter((part) => part !== "" && part !== ".")) {
      const link = this.#find(place, name);
      if (typeof link === "string") return { kind: "missing", state: link };
      const next = this.#step(place, link);
      if ("kind" in next) return next;
      place = next;
    }
    return place;
  }

  /** A link of a group, or why there is none. */
  #find({ container, address }: Place, name: string): Link | string {
    let unreadable = 0;
    for (const link of readLinks(container.blocks, headerOf(container, address))) {
      if (link.utf8 && link.name === name) return link;
      if (!link.utf8) unreadable++;
    }
    if (unreadable === 0) return "is missing";
    return `is missing; ${unreadable} of the names beside it ${unreadable === 1 ? "is" : "are"} ` +
      "not UTF-8";
  }

  #step(place: Place, { name, target }: Link): Place | Exclude<Found, FoundObject> {
    const broken = (state: string) => ({ kind: "broken", state }) as const;
    if (target.kind === "hard") {
      return { ...place, address: target.address, names: [...place.names, name] };
    }
    if (target.kind === "custom") return broken("is a link of a kind that is not known here");
    if (++this.#links > MAX_LINKS) return broken("is a link that never ends");
    if (target.kind === "soft") {
      const next = this.follow(place, target.path);
      if (!("kind" in next) || next.kind === "broken") return next;
      return broken(`is a link to "${target.path}", which is missing`);
    }
    const where = `is a link to "${target.path}" in "${target.file}"`;
    const other = this.#files.other(target.file, place.container);
    if (typeof other === "string") return broken(`${where}, ${other}`);
    const next = this.follow(rootOf(other), target.path);
    if (!("kind" in next) || next.kind === "broken") return next;
    return broken(`${where}, where it is missing`);
  }
}

/**
 * Finds an object.
 *
 * @param files The file and those that it links to.
 * @param path The object's path.
 * @param from The file to begin in. @default {the one that the user gave}
 * @returns The object, or why there is none.
 * @throws {DamagedStructure} if the way there is damaged.
 * @throws {UnknownStructure} if it is of an unknown kind.
 */
export function findObject(
  files: ContainerSet,
  path: string,
  from: Container = files.main,
): Found {
  const place = new PathWalk(files).follow(rootOf(from), path);
  if ("kind" in place) return place;
  const { container, address, names } = place;
  const messages = headerOf(container, address);
  return { kind: "object", container, path: `/${names.join("/")}`, messages };
}

/** An object's header. That of the root says that it is a group, also where it holds nothing. */
function headerOf({ blocks }: Container, address: number): Messages {
  const messages = readMessages(blocks, address);
  if (address !== blocks.superblock.root || isGroup(messages)) return messages;
  throw new DamagedStructure("its root is not a group");
}

/**
 * What an object is.
 *
 * @param messages Its header.
 */
export function objectKind(messages: Messages): "dataset" | "group" | "datatype" {
  if (messages.has(MESSAGE.layout)) return "dataset";
  return isGroup(messages) ? "group" : "datatype";
}
