import { assertFails, plain } from "./_broken.ts";

const FACTORS = "gives a factor of at least 0 for every epoch";
const PURE = "gives the same factor whenever it is asked";

Deno.test("schedulerChecks accept a schedule that halves", async () => {
  await assertFails(plain("scheduler", () => ({ factor: (epoch) => 0.5 ** epoch })), {});
});

Deno.test("schedulerChecks find factors that are negative, not finite, or all 0", async () => {
  const negative = plain(
    "scheduler",
    (_, { epochs }) => ({ factor: (epoch) => epochs - 2 * epoch }),
  );
  await assertFails(negative, { [FACTORS]: /^epoch 2 of 3 has the factor -1$/ });
  const divided = plain("scheduler", (_, { epochs }) => ({ factor: () => 1 / (epochs - 1) }));
  await assertFails(divided, { [FACTORS]: /^epoch 0 of 1 has the factor Infinity$/ });
  const idle = plain("scheduler", () => ({ factor: () => 0 }));
  await assertFails(idle, { [FACTORS]: /^all factors of 1 epochs are 0$/ });
});

Deno.test("schedulerChecks find a schedule that counts its calls", async () => {
  const counting = plain("scheduler", () => {
    let calls = 0;
    return { factor: () => 1 / ++calls };
  });
  await assertFails(counting, { [PURE]: /^epoch 1 of 2 has the factors 0.5 and 1$/ });
});

Deno.test("schedulerChecks use the number of epochs that the author gives", async () => {
  const long = plain("scheduler", (_, { epochs }) => ({ factor: () => epochs === 7 ? 1 : -1 }));
  await assertFails(long, {}, { context: { epochs: 7 } });
});
