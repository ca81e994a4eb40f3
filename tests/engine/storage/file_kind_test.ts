import { deflateRawSync, gzipSync } from "node:zlib";
import { assert, assertEquals } from "@std/assert";
import { describeWrongFile, FILE_START, fileKind } from "../../../engine/storage/file_kind.ts";
import { H5_FOLDER, TORCH_FOLDER } from "./testdata.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const latin1 = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** A file as a folder of tests holds it. */
function read(path: string): Uint8Array {
  return Deno.readFileSync(path).subarray(0, FILE_START);
}

/** Bytes of which a few at one position are not zero. */
function at(position: number, text: string): Uint8Array {
  const bytes = new Uint8Array(600);
  bytes[0] = 1;
  bytes.set(latin1(text), position);
  return bytes;
}

const KINDS: readonly (readonly [kind: string, what: string, start: Uint8Array])[] = [
  [
    "git_lfs",
    "a pointer",
    bytesOf("version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 343\n"),
  ],
  [
    "git_lfs",
    "a pointer with Windows' line ends",
    bytesOf("version https://git-lfs.github.com/spec/v1\r\noid sha256:ab\r\n"),
  ],
  ["html", "a page", bytesOf("<!DOCTYPE html>\n<html lang=en>")],
  ["html", "a page behind a mark, spaces and a comment", bytesOf("\ufeff \n<!-- c -->\n<HTML>")],
  ["html", "XHTML", bytesOf('<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD">')],
  ["svg", "a drawing", bytesOf('<svg xmlns="http://www.w3.org/2000/svg"/>')],
  ["svg", "a drawing behind a declaration", bytesOf('<?xml version="1.0"?>\n<!-- c -->\n<svg>')],
  ["xml", "an error of a storage service", bytesOf('<?xml version="1.0"?><Error><Code>NoSuchKey')],
  ["json", "an answer of a server", bytesOf('{"message": "Not Found"}')],
  ["json", "a list", bytesOf("[1, 2]")],
  ["hdf5", "a file of h5py", read(`${H5_FOLDER}/instance_f32.h5`)],
  ["safetensors", "a file of safetensors", read(`${TORCH_FOLDER}/model.safetensors`)],
  ["torch_legacy", "a file of an old torch", read(`${TORCH_FOLDER}/legacy.pt`)],
  ["pickle", "protocol 4", latin1("\x80\x04\x95\x0c\0\0\0\0\0\0\0}")],
  ["pickle", "protocol 2", latin1("\x80\x02}q\0.")],
  ["numpy", "an array", latin1("\x93NUMPY\x01\0v\0{")],
  ["gzip", "what gzip writes", new Uint8Array(gzipSync(bytesOf("x")))],
  ["bzip2", "what bzip2 writes", latin1("BZh91AY&SY\0\0")],
  ["xz", "what xz writes", latin1("\xfd7zXZ\0\0\x04")],
  ["zstd", "what zstd writes", latin1("\x28\xb5\x2f\xfd\x04\0")],
  ["seven_zip", "a 7z archive", latin1("7z\xbc\xaf\x27\x1c\0\x04")],
  ["rar", "a RAR archive", latin1("Rar!\x1a\x07\x01\0")],
  ["tar", "a tar archive", at(257, "ustar\x0000")],
  ["zip", "a file of torch", read(`${TORCH_FOLDER}/tensors.pt`)],
  ["office", "a workbook", latin1("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0")],
  ["pdf", "a document", latin1("%PDF-1.7\n%\xe2\xe3\xcf\xd3")],
  ["jpeg", "a photograph", latin1("\xff\xd8\xff\xe0\0\x10JFIF")],
  ["png", "an image", latin1("\x89PNG\r\n\x1a\n\0\0\0\rIHDR")],
  ["gif", "an image", latin1("GIF89a\x01\0\x01\0\x80")],
  ["webp", "an image", latin1("RIFF\x24\0\0\0WEBPVP8 ")],
  ["tiff", "Intel's order", latin1("II*\0\x08\0\0\0")],
  ["tiff", "Motorola's order, big", latin1("MM\0+\0\x08\0\0")],
  ["bmp", "an image", latin1("BM\x3a\0\0\0\0\0\0\0\x36")],
  ["jpeg2000", "an image", latin1("\0\0\0\x0cjP  \r\n\x87\n")],
  ["avif", "an image", latin1("\0\0\0\x20ftypavif\0\0\0\0")],
  ["heif", "a telephone's photograph", latin1("\0\0\0\x18ftypheic\0\0\0\0")],
  ["dicom", "a scan", at(128, "DICM\x02\0")],
  ["onnx", "a model of a program", latin1("\x08\x07\x12\x07pytorch")],
  ["onnx", "a model without a program", latin1("\x08\x0a:\x10")],
  ["zeros", "a disk that was full", new Uint8Array(FILE_START)],
  ["text", "an answer", bytesOf("404: Not Found")],
  ["text", "UTF-16", latin1("\xff\xfea\0b\0")],
  [
    "text",
    "a letter that the window cuts",
    bytesOf("ä".repeat(FILE_START)).subarray(1, 12).subarray(1),
  ],
];

for (const [kind, what, start] of KINDS) {
  Deno.test(`fileKind() knows ${kind}: ${what}`, () => {
    assertEquals(fileKind(start), kind);
  });
}

Deno.test("fileKind() makes nothing of bytes that say nothing, or of none", () => {
  const noise = new Uint8Array(deflateRawSync(bytesOf("some text, some more text")));
  for (const start of [noise, new Uint8Array(0), latin1("\x01\x02"), latin1("MZ\x90\0")]) {
    assertEquals(fileKind(start), undefined);
  }
});

Deno.test("fileKind() reads no further than the window", () => {
  const long = bytesOf("a".repeat(FILE_START + 10));
  long[FILE_START + 5] = 0;
  assertEquals(fileKind(long), "text");
  long[FILE_START - 5] = 0;
  assertEquals(fileKind(long), undefined);
});

Deno.test("describeWrongFile() says what it is in one line, and what to do", () => {
  const lines: readonly (readonly [Uint8Array, string])[] = [
    [new Uint8Array(0), "it is an empty file, not an ONNX file"],
    [latin1("\x01\x02"), "it is not an ONNX file"],
    [
      bytesOf("version https://git-lfs.github.com/spec/v1\n"),
      'it is a Git LFS pointer, not an ONNX file: "git lfs pull" fetches the file itself',
    ],
    [
      new Uint8Array(gzipSync(bytesOf("x"))),
      "it is compressed with gzip, not an ONNX file: unpack it first",
    ],
    [latin1("\x89HDF\r\n\x1a\n"), "it is an HDF5 file, not an ONNX file"],
    [bytesOf("no such\nfile"), 'it is text that begins "no such", not an ONNX file'],
    [
      bytesOf('say "x" '.repeat(9)),
      'it is text that begins "say \\"x\\" say \\"x\\" say \\"x\\" say \\"x\\" say \\"x\\" …", ' +
      "not an ONNX file",
    ],
  ];
  for (const [start, line] of lines) {
    assertEquals(describeWrongFile(start, "an ONNX file"), line);
    assert(!line.includes("\n"));
  }
});
