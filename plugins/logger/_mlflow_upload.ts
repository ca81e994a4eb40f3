/** Uploads of files of any size. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { pipeline } from "node:stream/promises";

/** An answer. */
export interface Answer {
  /** HTTP status. */
  readonly status: number;
  /** Body. */
  readonly text: string;
}

/**
 * Puts a file, piece by piece. `fetch` announces no length of what it sends in pieces, and servers
 * that wait for one store nothing.
 * @param url Where it goes.
 * @param path The file.
 * @param options Headers, and what ends the attempt.
 */
export async function putFile(
  url: string,
  path: string,
  { headers, signal }: { headers: Readonly<Record<string, string>>; signal: AbortSignal },
): Promise<Answer> {
  const { size } = await stat(path);
  const send = url.startsWith("https:") ? httpsRequest : httpRequest;
  const outgoing = send(url, {
    method: "PUT",
    headers: {
      ...headers,
      "content-type": "application/octet-stream",
      "content-length": String(size),
    },
    signal,
  });
  const answered = Promise.withResolvers<IncomingMessage>();
  outgoing.on("response", answered.resolve);
  outgoing.on("error", answered.reject);
  // A server that refuses may answer before it has read everything: what it says is what counts.
  const [, answer] = await Promise.allSettled([
    pipeline(createReadStream(path), outgoing),
    answered.promise,
  ]);
  if (answer.status === "rejected") throw answer.reason;
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer.value) chunks.push(chunk);
  return {
    status: answer.value.statusCode ?? 0,
    text: await new Blob(chunks as BlobPart[]).text(),
  };
}
