/**
 * HTML from templates: whatever is put in is escaped, unless it is HTML already.
 * @module
 */
import { escapeXml } from "../../charts/svg.ts";

/** Text that is HTML. */
export class Html {
  /** The text. */
  readonly text: string;

  /** @param text The text; nothing in it is escaped any more. */
  constructor(text: string) {
    this.text = text;
  }
}

/** What templates take: text and numbers are escaped, lists are put together, `undefined` is nothing. */
export type HtmlPart = Html | string | number | undefined | readonly HtmlPart[];

/**
 * Makes HTML from a template.
 * @param strings The text of the template.
 * @param parts What is put in.
 *
 * @example A name that looks like an element
 * ```ts
 * import { markup } from "./markup.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const name = "<b>";
 * assertEquals(markup`<p title="${name}">${[markup`<i>a</i>`, name]}</p>`.text, '<p title="&lt;b&gt;"><i>a</i>&lt;b&gt;</p>');
 * ```
 */
export function markup(strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  return new Html(
    strings.map((text, at) => text + (at < parts.length ? write(parts[at]) : "")).join(""),
  );
}

function write(part: HtmlPart): string {
  if (part === undefined) return "";
  if (part instanceof Html) return part.text;
  return typeof part === "object" ? part.map(write).join("") : escapeXml(String(part));
}
