/**
 * The border between the builder and a plugin: the plugin's code runs in its name, and its errors
 * say slot and key.
 * @module
 */
import { failingAs, isThenable } from "../../engine/fault.ts";
import { inPart } from "../../engine/ir/part.ts";
import { keyPath, SLOTS } from "../slots.ts";
import { explainPluginError, partName, type PluginName } from "./fault.ts";

/**
 * Methods that look at options and files, so that a `RangeError` says what is wrong with these; of a
 * scope, those by which an encoder meets a PEFT method.
 */
const SETUP: ReadonlySet<PropertyKey> = new Set([
  "create",
  "preprocessing",
  "open",
  "pretrained",
  "finish",
  "stepHook",
  "linear",
  "layer",
]);

/** What becomes of an object's members: of what its methods return or resolve to, and of values. */
export type Members<T> = {
  readonly [K in keyof T]?: NonNullable<T[K]> extends (...args: infer A) => infer R
    ? (result: Awaited<R>, ...args: A) => Awaited<R>
    : (value: T[K]) => T[K];
};

/** Runs the code of one plugin. */
export class Guard {
  readonly #plugin: PluginName;
  readonly #path: string;
  /** What the plugin is called. */
  readonly part: string;

  /**
   * @param plugin Slot and key.
   * @param path Where the key stands in the config, for messages.
   */
  constructor(plugin: PluginName, path: string = keyPath(SLOTS[plugin.slot])) {
    this.#plugin = plugin;
    this.#path = path;
    this.part = partName(plugin);
  }

  /**
   * Runs code of the plugin.
   * @param method Name of the method that is called.
   * @param work The code; it may return a promise.
   * @param args What the method gets: a run that is stopped by a signal in it is not an error.
   * @returns What the code returns.
   * @throws {ConfigError} if the plugin's options do not fit.
   * @throws {DataError} as the plugin says, or if the system refuses a file.
   * @throws {PluginError} if it throws anything else.
   */
  call<T>(method: PropertyKey, work: () => T, args: readonly unknown[] = []): T {
    const path = SETUP.has(method) ? this.#path : undefined;
    const explain = (error: unknown) =>
      isStop(error, args) ? error : explainPluginError(error, this.#plugin, path);
    return failingAs(explain, () => inPart(this.part, work));
  }

  /**
   * Makes a view of an object of the plugin's: methods that run by {@linkcode Guard.call}, other
   * members as they are. It lacks what the object lacks.
   * @param target The object.
   * @param members What becomes of members; a function there runs by {@linkcode Guard.call}, too.
   */
  view<T extends object>(target: T, members: Members<T> = {}): T {
    const view = {};
    for (const name of namesOf(target)) {
      const change = members[name as keyof T] as Change | undefined;
      const get = () => this.#member(target, name as keyof T, change);
      Object.defineProperty(view, name, { enumerable: true, get });
    }
    return view as T;
  }

  #member<T extends object>(target: T, name: keyof T, change: Change = (value) => value): unknown {
    const value = this.call(name, () => target[name]);
    if (typeof value !== "function") return this.call(name, () => change(value));
    return (...args: unknown[]): unknown =>
      this.call(name, () => {
        const result: unknown = value.apply(target, args);
        if (!isThenable(result)) return change(result, ...args);
        return Promise.resolve(result).then((settled) => change(settled, ...args));
      }, args);
  }
}

type Change = (value: unknown, ...args: unknown[]) => unknown;

/** Whether an error is that of a signal that the method was given. */
function isStop(error: unknown, args: readonly unknown[]): boolean {
  return args.some((arg) => {
    const signal = typeof arg === "object" && arg !== null && "signal" in arg && arg.signal;
    return signal instanceof AbortSignal && signal.aborted &&
      (error === signal.reason || (error instanceof Error && error.name === "AbortError"));
  });
}

/** Names of an object's members, those of its class among them. */
function namesOf(target: object): PropertyKey[] {
  const names = new Set<PropertyKey>();
  let at: object | null = target;
  while (at !== null && at !== Object.prototype) {
    for (const name of Reflect.ownKeys(at)) names.add(name);
    at = Object.getPrototypeOf(at);
  }
  names.delete("constructor");
  return [...names];
}
