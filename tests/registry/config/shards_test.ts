import { assertEquals, assertThrows } from "@std/assert";
import { environmentShard, shardOf } from "../../../registry/config/shards.ts";
import { ConfigError } from "../../../registry/errors.ts";

type Variables = Readonly<Record<string, string>>;

const chosen = (variables: Variables) => environmentShard((name) => variables[name]);

function slurm(id: number, count: number, more: Variables = {}): Variables {
  const last = Number(more.SLURM_ARRAY_TASK_MIN ?? 1) + count - 1;
  return {
    SLURM_ARRAY_TASK_ID: String(id),
    SLURM_ARRAY_TASK_MIN: "1",
    SLURM_ARRAY_TASK_MAX: String(last),
    SLURM_ARRAY_TASK_COUNT: String(count),
    SLURM_ARRAY_TASK_STEP: "1",
    ...more,
  };
}

const refused = (variables: Variables) => {
  const { message } = assertThrows(() => chosen(variables), ConfigError);
  assertEquals(message.split("\n").length, 1);
  return message;
};

Deno.test("environmentShard() reads what clusters set", () => {
  const cases: [Variables, number, number, string][] = [
    [slurm(3, 4), 3, 4, "SLURM_ARRAY_TASK_ID=3"],
    [slurm(0, 4, { SLURM_ARRAY_TASK_MIN: "0" }), 1, 4, "SLURM_ARRAY_TASK_ID=0"],
    [{ JOB_COMPLETION_INDEX: "7", JOB_COMPLETIONS: "8" }, 8, 8, "JOB_COMPLETION_INDEX=7"],
    [{ GLOVITA_SHARD: "2/3", SLURM_ARRAY_TASK_ID: "" }, 2, 3, "GLOVITA_SHARD=2/3"],
    [{ ...slurm(2, 4), GLOVITA_SHARD: "2/4" }, 2, 4, "GLOVITA_SHARD=2/4, SLURM_ARRAY_TASK_ID=2"],
  ];
  for (const [variables, index, count, source] of cases) {
    assertEquals(chosen(variables), { index, count, source });
  }
});

Deno.test("environmentShard() refuses what says no part, half of one, or two", () => {
  const cases: [Variables, string][] = [
    [{}, "neither GLOVITA_SHARD, SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set"],
    [{ JOB_COMPLETION_INDEX: "0" }, "a whole number in JOB_COMPLETIONS, it is not set"],
    [{ JOB_COMPLETION_INDEX: "8", JOB_COMPLETIONS: "8" }, "one of 8 parts, up to 10000, received"],
    [{ GLOVITA_SHARD: "4/3" }, 'such as 1/4, received "4/3"'],
    [{ GLOVITA_SHARD: "auto" }, 'such as 1/4, received "auto"'],
    [slurm(3, 4, { SLURM_ARRAY_TASK_COUNT: "" }), "SLURM_ARRAY_TASK_COUNT, it is not set"],
    [slurm(3, 4, { SLURM_ARRAY_TASK_COUNT: "x" }), 'SLURM_ARRAY_TASK_COUNT, received "x"'],
    [slurm(3, 2, { SLURM_ARRAY_TASK_STEP: "2", SLURM_ARRAY_TASK_MAX: "3" }), "without gaps"],
    [slurm(3, 1, { SLURM_ARRAY_TASK_MIN: "3", SLURM_ARRAY_TASK_MAX: "3" }), "one part again"],
    [
      { ...slurm(2, 4), GLOVITA_SHARD: "1/4" },
      "the environment says 1/4 (GLOVITA_SHARD=1/4) and 2/4 (SLURM_ARRAY_TASK_ID=2)",
    ],
  ];
  for (const [variables, state] of cases) {
    const message = refused(variables);
    assertEquals([message, message.includes(state)], [message, true]);
  }
});

Deno.test("shardOf() reads i/n, or asks the environment", () => {
  assertEquals(shardOf({ shard: null }), undefined);
  assertEquals(shardOf({ shard: "3/12" }), { index: 3, count: 12 });
  assertThrows(() => shardOf({ shard: "3/2" }), ConfigError, "a part from 1/2 to 2/2");
  const found = shardOf({ shard: "auto" }, (name) => slurm(1, 2)[name]);
  assertEquals(found, { index: 1, count: 2, source: "SLURM_ARRAY_TASK_ID=1" });
});
