/**
 * Building elements.
 * @module
 */
/// <reference lib="dom" />

type Child = Node | string;

/** Properties of an element; `aria-…`, `data-…`, `class`, `for` and `style` are attributes. */
export type Properties = Readonly<Record<string, unknown>>;

/**
 * Makes an element.
 * @param tag Its name.
 * @param properties Its properties and attributes.
 * @param children What is in it.
 */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (/^(aria-|data-|class$|for$|scope$)/.test(name)) made.setAttribute(name, String(value));
    else Object.assign(made, { [name]: value });
  }
  made.append(...children);
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * Makes an element of a drawing.
 * @param tag Its name.
 * @param attributes Its attributes.
 * @param children What is in it.
 */
export function drawn(
  tag: string,
  attributes: Readonly<Record<string, string | number>> = {},
  ...children: readonly Child[]
): SVGElement {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/**
 * A button.
 * @param text What it says.
 * @param onClick What it does.
 * @param properties Further properties.
 */
export function button(
  text: string,
  onClick: () => void,
  properties: Properties = {},
): HTMLButtonElement {
  const made = element("button", { type: "button", ...properties }, text);
  made.addEventListener("click", onClick);
  return made;
}

/**
 * Something to choose a value with, and what it is called.
 * @param text What it is called.
 * @param control What a value is chosen with.
 */
export function labelled(text: string, control: HTMLElement): HTMLLabelElement {
  return element("label", {}, element("span", {}, text), control);
}

/**
 * Hands a file to the user.
 * @param name Its name.
 * @param parts What is in it.
 * @param type Its media type.
 */
export function save(name: string, parts: readonly BlobPart[], type: string): void {
  const href = URL.createObjectURL(new Blob([...parts], { type }));
  element("a", { href, download: name }).click();
  // The browser has begun to read it when the next task runs.
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

/**
 * A place where files are dropped, which is a button, too.
 * @param texts What it says, and which names of files are meant.
 * @param take Gets the files.
 * @param multiple Whether several at once.
 */
export function dropArea(
  { title, hint, accept }: {
    readonly title: string;
    readonly hint: string;
    readonly accept: string;
  },
  take: (files: readonly File[]) => void,
  multiple = true,
): HTMLElement {
  const input = element("input", {
    ...{ type: "file", accept, multiple, hidden: true, tabIndex: -1 },
    "aria-label": title,
  });
  const area = button("", () => input.click(), { class: "drop" });
  area.append(element("b", {}, title), element("span", { class: "quiet" }, hint));
  input.addEventListener("change", () => {
    take([...input.files!]);
    input.value = "";
  });
  area.addEventListener("dragover", (event) => {
    event.preventDefault();
    area.classList.add("over");
  });
  area.addEventListener("dragleave", () => area.classList.remove("over"));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    area.classList.remove("over");
    take([...event.dataTransfer!.files].slice(0, multiple ? undefined : 1));
  });
  return element("div", {}, area, input);
}
