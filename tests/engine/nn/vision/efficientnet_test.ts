import { efficientnet } from "../../../../engine/nn/vision/efficientnet.ts";
import { testVariants } from "./_variants.ts";

testVariants("efficientnets.json", efficientnet);
