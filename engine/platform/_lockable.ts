/** What can be done with a file that may be locked. */

/** A file that is open for reading and writing. */
export interface LockableFile extends Disposable {
  /** Bytes in it. */
  readonly size: number;
  /**
   * Reads bytes.
   * @param at Offset of the first one.
   * @param into Takes them.
   * @returns How many were read: fewer only where the file ends.
   */
  read(at: number, into: Uint8Array): number;
  /**
   * Writes bytes.
   * @param at Offset of the first one.
   * @param bytes The bytes.
   */
  write(at: number, bytes: Uint8Array): void;
  /** Cuts it. @param length Bytes that stay. */
  truncate(length: number): void;
  /**
   * Takes its lock, without waiting.
   * @returns Whether nobody else holds it; true on a file system without locks.
   */
  tryLock(): boolean;
  /** Whether a path leads to it; true where the system numbers no files. */
  isAt(path: string): boolean;
  /** Removes it from its folder, while it is still held. @param path Where it is. */
  remove(path: string): void;
  /** Closes it, and gives its lock up. */
  close(): void;
}
