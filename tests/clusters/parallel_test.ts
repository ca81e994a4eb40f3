import { clusterTest } from "./_work.ts";

clusterTest("GNU parallel starts killed parts again", ["parallel"], async ({ block, run }) => {
  await run("sh", ["-c", block("bash", "parallel --jobs")], { PARALLEL: "--will-cite" });
});
