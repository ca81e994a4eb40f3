import { assertEquals } from "@std/assert";
import { likelyEncodings, unmarkedUtf16 } from "../../../engine/storage/_likely_encoding.ts";
import { encodeAs } from "../../_encodings.ts";

/** Two words of a table, by encoding. */
const WORDS: readonly (readonly [string, string, string])[] = [
  ["gbk", "鳞状上皮", "腺体"],
  ["gbk", "左肺", "右肺"],
  ["big5", "蘋果", "香蕉"],
  ["shift_jis", "りんご", "扁平上皮"],
  ["euc-jp", "ねこ", "東京"],
  ["euc-kr", "사과", "부산"],
  ["windows-1251", "здоровый", "больной"],
  ["windows-1251", "РАК", "НОРМА"],
  ["koi8-r", "рак", "норма"],
  ["ibm866", "Яблоко", "Банан"],
  ["iso-8859-7", "υγιής", "ασθενής"],
  ["windows-1255", "תפוח", "בננה"],
  ["windows-1256", "تفاح", "موز"],
  ["windows-874", "แอปเปิล", "กล้วย"],
  ["windows-1252", "Käse", "crème brûlée"],
  ["windows-1250", "žluťoučký", "příliš"],
  ["windows-1254", "sağlıklı", "değil"],
  ["windows-1257", "obuolys ė", "žmogus ą"],
];

Deno.test("likelyEncodings() takes two words of a table for what they are", () => {
  for (const [encoding, one, other] of WORDS) {
    const asLabel = `path,label\r\nval/a.png,${one}\r\nval/b.png,${other}\r\n`;
    const asPath = `path,label\n${one}/a.png,0\n${other}/b.png,1\n`;
    for (const text of [asLabel, asPath]) {
      const [likely] = likelyEncodings(encodeAs(text, encoding));
      assertEquals(likely, encoding, text);
    }
  }
});

Deno.test("likelyEncodings() names two encodings that do not differ in what is there", () => {
  const bytes = encodeAs("καλοήθης", "iso-8859-7");
  assertEquals(bytes, encodeAs("καλοήθης", "windows-1253"));
  assertEquals(likelyEncodings(bytes), ["iso-8859-7", "windows-1253"]);
});

Deno.test("likelyEncodings() knows UTF-16 by its zeros, and nothing about ASCII", () => {
  assertEquals(likelyEncodings(encodeAs("path,label\na,良性\n", "utf-16le")), ["utf-16le"]);
  assertEquals(likelyEncodings(encodeAs("path,label\na,größe\n", "utf-16be")), ["utf-16be"]);
  assertEquals(likelyEncodings(new TextEncoder().encode("path,label\n")), []);
  assertEquals(unmarkedUtf16(new Uint8Array(100)), undefined);
  assertEquals(unmarkedUtf16(Uint8Array.of(0, 65)), undefined);
});

Deno.test("likelyEncodings() looks at the beginning of a large text only", () => {
  const lines = encodeAs("val/a.png,здоровый\nval/b.png,больной\n", "windows-1251");
  const bytes = new Uint8Array(100_000 * lines.length);
  for (let at = 0; at < bytes.length; at += lines.length) bytes.set(lines, at);
  bytes.set(encodeAs("良", "gbk"), bytes.length - 10);
  assertEquals(likelyEncodings(bytes)[0], "windows-1251");
  assertEquals(likelyEncodings(new Uint8Array(1_000_000).fill(0xee)).length > 0, true);
});
