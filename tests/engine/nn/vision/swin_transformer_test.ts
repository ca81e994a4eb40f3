import {
  swinTransformer,
  swinTransformerV2,
} from "../../../../engine/nn/vision/swin_transformer.ts";
import { testVariants } from "./_variants.ts";

testVariants("swins.json", swinTransformer);
testVariants("swins_v2.json", swinTransformerV2);
