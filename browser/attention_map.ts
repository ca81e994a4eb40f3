/**
 * The attention of a slide as a map: tiles where they lie, coloured by their percentile. It zooms and
 * pans by mouse, finger and keyboard, and says what the tile under the pointer is.
 * @module
 */
/// <reference lib="dom" />
import type { SlideAttention } from "../jobs/attention/slide_attention.ts";
import { button, element } from "./dom.ts";
import { digits } from "./screen.ts";

/** A place of the slide in the middle, and pixels of the screen per pixel of level 0. */
interface Eye {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

/** How much a step zooms, and which share of the view it pans. */
const [ZOOM, PAN] = [1.4, 0.15];
/** Tiles of this many pixels are as large as they get. */
const LARGEST_TILE = 400;
/** What tiles below the threshold look like. */
const FAINT = "#e4e4e4";

/** A map. */
export class AttentionMap {
  readonly #slide: SlideAttention;
  readonly #placed: boolean;
  readonly #colors: readonly string[];
  readonly #canvas = element("canvas", { tabIndex: 0, role: "application" });
  readonly #facts = element("p", { role: "status" }, "Point at a tile to see its numbers.");
  readonly #order: readonly number[];
  readonly #pointers = new Map<number, PointerEvent>();
  #eye: Eye = { x: 0, y: 0, scale: 1 };
  #threshold = 0;
  #marked: number | undefined;
  #drawing = false;
  /** What is shown. */
  readonly view: HTMLElement;

  /**
   * Makes a map.
   * @param slide The slide.
   * @param options Colours of percentiles, 256 times six hexadecimal digits; whether tiles lie where
   * they lie on the slide, or only side by side.
   */
  constructor(
    slide: SlideAttention,
    { colors, placed }: { readonly colors: string; readonly placed: boolean },
  ) {
    this.#slide = slide;
    this.#placed = placed;
    this.#colors = colors.match(/.{6}/g)!.map((color) => `#${color}`);
    // The least attention first, so that the most lies above where tiles overlap.
    this.#order = Array.from(slide.percentiles, (_, at) => at)
      .sort((a, b) => slide.percentiles[a] - slide.percentiles[b]);
    this.#canvas.setAttribute(
      "aria-label",
      `Map of the attention in ${slide.slide}. Arrows move it, plus and minus zoom, 0 shows all of it, Enter tells of the tile in the middle.`,
    );
    const frame = element("div", { class: "map" }, this.#canvas);
    this.view = element("div", {}, frame, this.#tools(), this.#facts);
    this.#listen();
    new ResizeObserver(() => this.showAll()).observe(this.#canvas);
  }

  /** Shows the whole slide. */
  showAll(): void {
    const { corners, size, slideSize } = this.#slide;
    const { width, height } = this.#size();
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let at = 0; at < corners.length; at += 2) {
      left = Math.min(left, corners[at] - size);
      right = Math.max(right, corners[at] + 2 * size);
      top = Math.min(top, corners[at + 1] - size);
      bottom = Math.max(bottom, corners[at + 1] + 2 * size);
    }
    if (slideSize) [left, top, right, bottom] = [0, 0, ...slideSize];
    const scale = Math.min(width / (right - left), height / (bottom - top));
    this.#look({ x: (left + right) / 2, y: (top + bottom) / 2, scale });
  }

  /**
   * Shows a tile in the middle.
   * @param tile Its index.
   */
  showTile(tile: number): void {
    const { corners, size } = this.#slide;
    const scale = Math.max(this.#eye.scale, 32 / size);
    const [x, y] = [corners[2 * tile] + size / 2, corners[2 * tile + 1] + size / 2];
    this.#look({ x, y, scale });
    this.#mark(tile);
    this.#canvas.scrollIntoView({ block: "nearest" });
  }

  #tools(): HTMLElement {
    const slider = element("input", { type: "range", min: "0", max: "99", step: "1", value: "0" });
    const shown = element("output", {}, "0");
    slider.addEventListener("input", () => {
      this.#threshold = Number(slider.value);
      shown.textContent = slider.value;
      this.#draw();
    });
    const threshold = element("label", {}, "Percentile from ", slider, shown);
    const legend = element("canvas", { width: 256, height: 1 });
    const context = legend.getContext("2d")!;
    for (const [at, color] of this.#colors.entries()) {
      context.fillStyle = color;
      context.fillRect(at, 0, 1, 1);
    }
    legend.setAttribute("aria-hidden", "true");
    return element(
      "div",
      { class: "row" },
      button("+", () => this.#zoom(ZOOM), { "aria-label": "Zoom in" }),
      button("−", () => this.#zoom(1 / ZOOM), { "aria-label": "Zoom out" }),
      button("Whole slide", () => this.showAll()),
      threshold,
      element("span", { class: "legend" }, "Percentile 0", legend, "100"),
    );
  }

  #listen(): void {
    const canvas = this.#canvas;
    canvas.addEventListener("keydown", (event) => this.#onKey(event));
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.#zoom(event.deltaY < 0 ? ZOOM : 1 / ZOOM, this.#placeOf(event));
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#pointers.set(event.pointerId, event);
    });
    for (const end of ["pointerup", "pointercancel"] as const) {
      canvas.addEventListener(end, ({ pointerId }) => this.#pointers.delete(pointerId));
    }
    canvas.addEventListener("pointermove", (event) => this.#onMove(event));
  }

  #onMove(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    if (before === undefined) {
      const { x, y } = this.#placeOf(event);
      this.#mark(this.#tileAt(x, y));
      return;
    }
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#pointers.set(event.pointerId, event);
    if (other !== undefined) {
      const apart = (one: PointerEvent) =>
        Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
      this.#zoom(apart(event) / Math.max(1, apart(before)), this.#placeOf(other));
      return;
    }
    const { x, y, scale } = this.#eye;
    const [dx, dy] = [event.clientX - before.clientX, event.clientY - before.clientY];
    this.#look({ x: x - dx / scale, y: y - dy / scale, scale });
  }

  #onKey(event: KeyboardEvent): void {
    const { width, height } = this.#size();
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [-PAN * width, 0],
      ArrowRight: [PAN * width, 0],
      ArrowUp: [0, -PAN * height],
      ArrowDown: [0, PAN * height],
    };
    const move = moves[event.key];
    if (move !== undefined) {
      const { x, y, scale } = this.#eye;
      this.#look({ x: x + move[0] / scale, y: y + move[1] / scale, scale });
    } else if (event.key === "+" || event.key === "=") this.#zoom(ZOOM);
    else if (event.key === "-") this.#zoom(1 / ZOOM);
    else if (event.key === "0") this.showAll();
    else if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    this.#mark(this.#tileAt(this.#eye.x, this.#eye.y));
  }

  /** Zooms; a place stays where it is. */
  #zoom(factor: number, place: { readonly x: number; readonly y: number } = this.#eye): void {
    const { x, y, scale } = this.#eye;
    const most = Math.max(scale, LARGEST_TILE / this.#slide.size);
    const next = Math.min(most, scale * factor);
    const share = 1 - scale / next;
    this.#look({ x: x + (place.x - x) * share, y: y + (place.y - y) * share, scale: next });
  }

  #look(eye: Eye): void {
    this.#eye = eye;
    this.#draw();
  }

  #size(): { readonly width: number; readonly height: number } {
    const { clientWidth, clientHeight } = this.#canvas;
    return { width: Math.max(1, clientWidth), height: Math.max(1, clientHeight) };
  }

  #placeOf({ offsetX, offsetY }: MouseEvent): { readonly x: number; readonly y: number } {
    const { width, height } = this.#size();
    const { x, y, scale } = this.#eye;
    return { x: x + (offsetX - width / 2) / scale, y: y + (offsetY - height / 2) / scale };
  }

  /** The tile at a place, the one with the most attention where several overlap. */
  #tileAt(x: number, y: number): number | undefined {
    const { corners, size, percentiles } = this.#slide;
    return this.#order.findLast((tile) => {
      const [dx, dy] = [x - corners[2 * tile], y - corners[2 * tile + 1]];
      return dx >= 0 && dx < size && dy >= 0 && dy < size && percentiles[tile] >= this.#threshold;
    });
  }

  #mark(tile: number | undefined): void {
    if (tile === this.#marked) return;
    this.#marked = tile;
    const { corners, weights, percentiles } = this.#slide;
    const place = (at: number) =>
      this.#placed ? ` at x ${corners[2 * at]}, y ${corners[2 * at + 1]}` : "";
    this.#facts.textContent = tile === undefined
      ? "Point at a tile to see its numbers."
      : `Tile ${tile}${place(tile)}: attention ${digits(weights[tile])}, percentile ` +
        percentiles[tile].toFixed(1);
    this.#draw();
  }

  #draw(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#paint();
    });
  }

  #paint(): void {
    const canvas = this.#canvas;
    const { width, height } = this.#size();
    const ratio = globalThis.devicePixelRatio;
    [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    const context = canvas.getContext("2d")!;
    context.scale(ratio, ratio);
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
    const { corners, size, percentiles } = this.#slide;
    const { x, y, scale } = this.#eye;
    const placeOf = (tile: number): [number, number] => [
      (corners[2 * tile] - x) * scale + width / 2,
      (corners[2 * tile + 1] - y) * scale + height / 2,
    ];
    const side = Math.max(1, size * scale);
    // Edges on whole pixels: else the glass would shine through between tiles.
    const whole = (place: number) => Math.round(place * ratio) / ratio;
    for (const tile of this.#order) {
      const [left, top] = placeOf(tile);
      if (left > width || top > height || left + side < 0 || top + side < 0) continue;
      const at = Math.round(255 * percentiles[tile] / 100);
      context.fillStyle = percentiles[tile] >= this.#threshold ? this.#colors[at] : FAINT;
      const [x0, y0] = [whole(left), whole(top)];
      context.fillRect(x0, y0, whole(left + side) - x0, whole(top + side) - y0);
    }
    if (this.#marked === undefined) return;
    const [left, top] = placeOf(this.#marked);
    context.lineWidth = 3;
    for (const [color, out] of [["#fff", 0], ["#0072b2", 2]] as const) {
      context.strokeStyle = color;
      context.strokeRect(left - out, top - out, side + 2 * out, side + 2 * out);
    }
  }
}
