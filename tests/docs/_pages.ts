/** Reads the fenced blocks of a page, and compares what a page shows with what really comes out. */

/** A fenced block. */
export interface Block {
  /** Language after the fence. */
  readonly language: string;
  /** Text between the fences. */
  readonly text: string;
  /** Line of the opening fence, counted from 1. */
  readonly line: number;
  /** What the page says comes out: the `text` block that follows. */
  readonly output?: string;
}

/** All fenced blocks of a page, a `text` block as the output of the one before it. */
export function readBlocks(page: string): Block[] {
  const blocks: { language: string; text: string; line: number; output?: string }[] = [];
  let open: { language: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of page.split("\n").entries()) {
    const fence = /^\s*```(\S*)/.exec(line);
    if (!open && fence) open = { language: fence[1], line: index + 1, lines: [] };
    else if (open && fence) {
      const block = { language: open.language, text: open.lines.join("\n"), line: open.line };
      const last = blocks.at(-1);
      if (block.language === "text" && last) last.output = block.text;
      else blocks.push(block);
      open = undefined;
    } else open?.lines.push(line);
  }
  return blocks;
}

/** The exit code that a block announces with `# exits with 2`; 0 where it says nothing. */
export function announcedCode(script: string): number {
  return Number(/# exits with (\d+)/.exec(script)?.[1] ?? 0);
}

/**
 * Finds the first line that a page shows and that did not come out. Lines may be left out between
 * those that are shown, `…` stands for any text, and measured numbers, times and random names may
 * differ.
 */
export function missingLine(shown: string, actual: string): string | undefined {
  const lines = actual.split("\n").map(normalize);
  let next = 0;
  for (const line of shown.split("\n")) {
    const wanted = normalize(line);
    if (wanted === "" || wanted === "…") continue;
    const found = lines.findIndex((candidate, index) =>
      index >= next && matches(candidate, wanted)
    );
    if (found < 0) return line;
    next = found + 1;
  }
  return undefined;
}

function normalize(line: string): string {
  return line.trim()
    .replaceAll(/\d{8}_\d{6}(?=_)/g, "<time>")
    .replaceAll(/_[0-9a-f]{8}(?=[/_"]|$)/g, "_<random>")
    .replaceAll(/\d+\.\d+(e[+-]?\d+)?/g, "<number>")
    .replaceAll(/(in|of) epoch \d+/g, "$1 epoch <number>")
    .replaceAll(/ \(best\)$/g, "");
}

function matches(line: string, wanted: string): boolean {
  const parts = wanted.split("…").map((part) => RegExp.escape(part));
  return new RegExp(`^${parts.join(".*")}$`).test(line);
}
