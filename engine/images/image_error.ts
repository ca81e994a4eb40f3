/**
 * What is wrong with an image, apart from where it lies.
 * @module
 */

/** An image that is damaged, too large, or of a kind that is not read. The message is the reason. */
export class ImageError extends SyntaxError {
  /** Name of the class. */
  override name = "ImageError";
}
