import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { readSchema } from "../../../registry/config/schema.ts";
import { noOptions, option, options, required } from "../../../registry/options/option.ts";
import { read } from "./_config.ts";

const mail = v.pipe(v.string(), v.email());

Deno.test("option() takes a value as the default", () => {
  const address = option("a@b.org", "address", mail);
  assertEquals(read(address), "a@b.org");
  assertEquals(read(address, "c@d.org"), "c@d.org");
  assertEquals(read(address, null), "a@b.org"); // in a file, null is what nobody has set
  const { optional, nullable, description } = readSchema(address);
  assertEquals([optional, nullable, description], [true, false, "address"]);
});

Deno.test("option() takes null as a value where it is the default", () => {
  const address = option(null, "address", mail);
  assertEquals([read(address), read(address, null), read(address, "c@d.org")], [
    null,
    null,
    "c@d.org",
  ]);
  const { optional, nullable, description } = readSchema(address);
  assertEquals([optional, nullable, description], [true, true, "address"]);
});

Deno.test("option() asks for what is required", () => {
  const address = option(required, "address", mail);
  assertEquals(read(address), "peft.x: expected text, received nothing");
  assertEquals(read(address, "c@d.org"), "c@d.org");
  const { optional, nullable, description } = readSchema(address);
  assertEquals([optional, nullable, description], [false, false, "address"]);
});

Deno.test("options() refuses what it does not have, and mixes with valibot", () => {
  const schema = options({
    a: option(1, "a", v.number()),
    b: v.optional(v.pipe(v.number(), v.description("b")), 2),
  });
  assertEquals(v.parse(schema, {}), { a: 1, b: 2 });
  assertEquals(v.is(schema, { c: 3 }), false);
});

Deno.test("noOptions takes an empty object", () => {
  assertEquals([v.is(noOptions, {}), v.is(noOptions, { a: 1 })], [true, false]);
});
