import { assertEquals } from "@std/assert";
import { FieldUse } from "../../../registry/config/field_use.ts";
import { isPlainObject, pick } from "../../../registry/config/objects.ts";

const CONFIG = {
  data: { root: "x", kwargs: { a: 1, b: 2 }, exts: [".png"], none: null, extra: {} },
  epochs: 3,
};
const ALL = ["data.root", "data.kwargs.a", "data.kwargs.b", "data.exts", "data.none", "epochs"];

Deno.test("FieldUse notices which fields are read, and not which are walked through", () => {
  const use = new FieldUse(CONFIG, ALL);
  assertEquals(use.unread(), ALL);
  const { data } = use.config;
  assertEquals(Object.keys(data), Object.keys(CONFIG.data));
  assertEquals(isPlainObject(data) && isPlainObject(data.kwargs), true);
  assertEquals(use.unread(), ALL);
  assertEquals([data.kwargs.b, data.none], [2, null]);
  assertEquals(use.unread(), ["data.root", "data.kwargs.a", "data.exts", "epochs"]);
  assertEquals(use.notices((path) => path.startsWith("data.")), [
    "ignored: data.root, data.kwargs.a, data.exts (not used by this run)",
  ]);
});

Deno.test("FieldUse tells of fields that somebody set, and only of those", () => {
  const use = new FieldUse(CONFIG, ["epochs"]);
  assertEquals(use.notices(), ["ignored: epochs (not used by this run)"]);
  assertEquals(use.config.epochs, 3);
  assertEquals(use.notices(), []);
});

Deno.test("FieldUse takes a field for read when something inside of it is", () => {
  const use = new FieldUse(CONFIG, ["data.kwargs", "data.extra"]);
  assertEquals(use.config.data.kwargs.a, 1);
  assertEquals(use.unread(), ["data.extra"]);
  assertEquals(use.config.data.extra, {});
  assertEquals(use.unread(), []);
});

Deno.test("FieldUse takes copies, JSON and destructuring for reading", () => {
  const copying = [
    ({ data }: typeof CONFIG) => ({ ...data, kwargs: { ...data.kwargs } }),
    ({ data }: typeof CONFIG) => structuredClone(data),
    ({ data }: typeof CONFIG) => JSON.parse(JSON.stringify(data)),
  ];
  for (const copy of copying) {
    const use = new FieldUse(CONFIG, ALL);
    assertEquals(copy(use.config), CONFIG.data);
    assertEquals(use.unread(), ["epochs"]);
  }
});

Deno.test("pick() of watched fields reads none of them", () => {
  const use = new FieldUse(CONFIG, ALL);
  const picked = pick(use.config.data, ["root", "exts", "other"]);
  assertEquals([Object.keys(picked), use.unread()], [["root", "exts"], ALL]);
  assertEquals(picked.root, "x");
  assertEquals(use.unread(), ALL.slice(1));
});
