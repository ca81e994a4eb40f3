/**
 * Inspects a folder: of a run, of slides, or of packed feature files and weights.
 * @module
 */
import { findSlides } from "../../engine/slides/find_slides.ts";
import type { Context } from "./_context.ts";
import { listFolder } from "./_listing.ts";
import { inspectFile } from "./file.ts";
import type { FolderInspection, Inspection } from "./inspection.ts";
import { inspectRuns } from "./runs.ts";
import { inspectSlides } from "./slides.ts";
import { surveySlides } from "./survey.ts";

/**
 * Inspects a folder.
 * @param path The folder.
 * @param context How it is read.
 * @returns What it holds.
 * @throws {DataError} if it cannot be searched.
 */
export async function inspectFolder(path: string, context: Context): Promise<Inspection> {
  const runs = await inspectRuns(path);
  if (runs !== undefined) return runs;
  if (context.slides !== undefined) return await inspectSlides(path, context.slides, context);
  const { packed, ...survey } = await surveySlides(path, context);
  const listing = listFolder(path);
  if (packed === 0 && survey.slides > 0) return survey;
  const files = [...findSlides(path).files.map((file) => file.path), ...listing.weights].sort();
  const { problems, notices } = survey;
  return files.length === 0
    ? { kind: "folder", path, files: listing.files, entries: [], problems, notices }
    : await inspectEach(path, files, { context, listing: listing.files });
}

async function inspectEach(
  path: string,
  files: readonly string[],
  { context, listing }: { readonly context: Context; readonly listing: FolderInspection["files"] },
): Promise<FolderInspection> {
  const entries: Inspection[] = [];
  for (const file of files) {
    context.signal?.throwIfAborted();
    entries.push(await inspectFile(file, context));
  }
  return {
    ...{ kind: "folder", path, files: listing, entries },
    problems: [...new Set(entries.flatMap(({ problems }) => problems))],
    notices: [],
  };
}
