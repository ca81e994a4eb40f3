/**
 * Writing the attention of slides: for each slide a file that QuPath opens, a table, a block map as
 * CLAM's and an image; and one table of the tiles that count most.
 * @module
 */
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { DataError } from "../../engine/errors.ts";
import { readRows, type TileOptions, type TileRows } from "../../engine/slides/tile_places.ts";
import { replaceFile, writeError, writeFileAtomic } from "../../engine/storage/atomic.ts";
import { errorCode } from "../../engine/storage/file_reader.ts";
import type { BagAttention } from "./bag_attention.ts";
import { writeBlockmap } from "./blockmap.ts";
import { geoJson } from "./geojson.ts";
import { loadMagma, type Rgb } from "./magma.ts";
import { attentionMap } from "./map_image.ts";
import { percentilesOf, scoresByClass, type SlideAttention } from "./slide_attention.ts";
import { tileTable, topHead, topRows } from "./tile_table.ts";

/** How attention is written. */
export interface AttentionOptions extends TileOptions {
  /** Folder of the files. */
  readonly folder: string;
  /** Folder of thumbnails, `SLIDE.png` or `SLIDE.jpg`, of whole slides. */
  readonly thumbnails?: string;
  /** Tiles of each slide in the table of those that count most. @default {10} */
  readonly topTiles?: number;
  /** Names of the classes. */
  readonly classNames: readonly string[];
}

/** A bag, and where its tiles come from. */
export interface BagPlaces {
  /** Name of the sample. */
  readonly id: string;
  /** Its files, whose tiles follow one another. */
  readonly parts: readonly TileRows[];
  /** Whether a file holds several samples, whose names tell them apart, not those of files. */
  readonly packed: boolean;
}

/** Names of images that may be thumbnails. */
const THUMBNAIL_ENDS = [".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff"];
/** File of the tiles that count most. */
const TOP_FILE = "top_tiles.csv";

/** Writes slide after slide. */
export class AttentionWriter {
  readonly #options: AttentionOptions;
  readonly #colorOf: (percentile: number) => Rgb;
  readonly #names = new Set<string>();
  readonly #top: string[] = [];
  readonly #notices = new Set<string>();
  #withoutThumbnail = 0;
  #slides = 0;

  private constructor(options: AttentionOptions, colorOf: (percentile: number) => Rgb) {
    this.#options = options;
    this.#colorOf = colorOf;
  }

  /**
   * Makes the folder.
   * @param options How attention is written.
   * @throws {DataError} if there can be no such folder.
   */
  static async create(options: AttentionOptions): Promise<AttentionWriter> {
    try {
      await mkdir(options.folder, { recursive: true });
    } catch (error) {
      throw writeError(error, options.folder);
    }
    return new AttentionWriter(options, await loadMagma());
  }

  /**
   * Writes the slides of a bag.
   * @param bag The bag.
   * @param attention Where the model looks.
   * @param predicted Index of the predicted class, where one is.
   * @throws {DataError} if the places of its tiles are not known, or a file cannot be written.
   */
  async write(bag: BagPlaces, attention: BagAttention, predicted?: number): Promise<void> {
    const { weights, instanceScores } = attention;
    const percentiles = percentilesOf(weights);
    const { classNames } = this.#options;
    const numClasses = (instanceScores?.length ?? 0) / weights.length;
    let start = 0;
    for (const part of bag.parts) {
      const end = start + part.instances;
      const slide: SlideAttention = {
        ...await readRows(part, this.#options),
        slide: this.#nameOf(bag, part),
        weights: weights.subarray(start, end),
        percentiles: percentiles.subarray(start, end),
        instanceScores: scoresByClass(instanceScores, { numClasses, classNames, start, end }),
        ...(predicted !== undefined && { predicted: classNames[predicted] }),
      };
      start = end;
      await this.#writeSlide(slide);
    }
  }

  /**
   * Writes the table of the tiles that count most.
   * @returns The table, how many slides there are, and lines for the user.
   */
  async finish(): Promise<{ file: string; slides: number; notices: readonly string[] }> {
    const file = join(this.#options.folder, TOP_FILE);
    await writeFileAtomic(file, pieces(this.#top));
    const { thumbnails } = this.#options;
    if (thumbnails !== undefined && this.#withoutThumbnail > 0) {
      this.#notices.add(
        `${this.#withoutThumbnail} of ${this.#slides} slides have no thumbnail in "${thumbnails}", ` +
          "or no file says how large the slide is",
      );
    }
    return { file, slides: this.#slides, notices: [...this.#notices] };
  }

  #nameOf({ id, packed }: BagPlaces, { path }: TileRows): string {
    const own = packed ? id : basename(path, extname(path));
    const name = own.replaceAll(/[\\/:*?"<>|\p{Cc}]/gu, "_");
    if (!this.#names.has(name)) {
      this.#names.add(name);
      return name;
    }
    throw new DataError(
      `Cannot write the attention of "${id}": another slide is named "${name}", too`,
      { file: path },
    );
  }

  async #writeSlide(slide: SlideAttention): Promise<void> {
    const { folder, topTiles = 10 } = this.#options;
    const fileOf = (end: string) => join(folder, slide.slide + end);
    await writeFileAtomic(fileOf(".geojson"), pieces(geoJson(slide, this.#colorOf)));
    await writeFileAtomic(fileOf(".csv"), pieces(tileTable(slide)));
    await replaceFile(fileOf(".h5"), (temporary) => writeBlockmap(temporary, slide));
    const thumbnail = this.#thumbnailOf(slide);
    const { bytes, notices } = await attentionMap(slide, { colorOf: this.#colorOf, thumbnail });
    await writeFileAtomic(fileOf(".png"), bytes);
    for (const notice of notices) this.#notices.add(notice);
    if (this.#slides === 0) this.#top.push(topHead(slide));
    this.#top.push(...topRows(slide, topTiles));
    this.#slides++;
  }

  #thumbnailOf({ slide, slideSize }: SlideAttention): Uint8Array | undefined {
    const { thumbnails } = this.#options;
    if (thumbnails === undefined) return undefined;
    for (const end of slideSize === undefined ? [] : THUMBNAIL_ENDS) {
      try {
        return readFileSync(join(thumbnails, slide + end));
      } catch (error) {
        if (errorCode(error) !== "ENOENT") throw error;
      }
    }
    this.#withoutThumbnail++;
  }
}

/** Text as bytes, a few thousand lines at a time. */
function* pieces(lines: Iterable<string>): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  let text = "";
  for (const line of lines) {
    text += line;
    if (text.length < 1 << 16) continue;
    yield encoder.encode(text);
    text = "";
  }
  yield encoder.encode(text);
}
