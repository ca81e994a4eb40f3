import { eva } from "../../../../engine/nn/vision/eva.ts";
import { testVariants } from "./_variants.ts";

testVariants("evas.json", eva);
